"""Conversion of decoded pictures to RGB images or planes, and of RGB images to planes."""

from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from jaxtyping import UInt8

from dvs_jax.errors import InputError, reason
from dvs_jax.video.color import COLORSPACES, Color, color_of

FORMAT = "yuv420p"
"""Planes of 8-bit YCbCr 4:2:0, here always in limited range, as most H.264 videos store them."""

FORMATS = {8: FORMAT, 10: "yuv420p10le"}
"""Such planes by their bit depth."""

# Without these flags swscale's approximations darken a picture by a level, there and back.
_CONVERSION = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class ToRgb:
    """Converts the decoded frames of one video to RGB images."""

    def __init__(self, path: Path):
        self._convert = _Conversion(path, "RGB")

    def __call__(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
        """Convert a decoded frame.

        Raises:
          InputError: it cannot be converted to RGB.
        """
        return np.ascontiguousarray(self._convert(frame, format="rgb24").to_ndarray())


class ToPlanes:
    """Converts the decoded frames of one video to one of `FORMATS`, by their bit depth."""

    def __init__(self, path: Path):
        self._convert = _Conversion(path, "YCbCr 4:2:0")

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Convert a decoded frame; one that has this format already is returned unchanged.

        Raises:
          InputError: it cannot be converted.
        """
        wanted = FORMATS[depth_of(frame)]
        if frame.format.name == wanted and frame.color_range != ColorRange.JPEG:
            return frame
        return self._convert(
            frame,
            format=wanted,
            dst_colorspace=self._convert.colorspace(frame),
            dst_color_range=ColorRange.MPEG,
        )


def depth_of(frame: av.VideoFrame) -> int:
    """Return the bit depth that a frame's planes get: 8, or 10 where it has more."""
    return 8 if frame.format.components[0].bits <= 8 else 10


def as_planes(picture: av.VideoFrame, wanted: str, color: Color) -> av.VideoFrame:
    """Return a picture of one of `FORMATS` in another format of YCbCr, for an encoder."""
    matrix = COLORSPACES[color.matrix]
    return picture.reformat(
        format=wanted,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=_CONVERSION,
    )


class _Conversion:
    def __init__(self, path: Path, target: str):
        self._path, self._target = path, target
        self._reformatter = VideoReformatter()  # holds buffers that are expensive to set up

    def colorspace(self, frame: av.VideoFrame) -> Colorspace:
        return COLORSPACES[color_of(self._path, frame).matrix]

    def __call__(self, frame: av.VideoFrame, **wanted: Any) -> av.VideoFrame:
        try:
            return self._reformatter.reformat(
                frame,
                src_colorspace=self.colorspace(frame),
                interpolation=_CONVERSION,
                **wanted,
            )
        except av.FFmpegError as error:
            raise InputError(
                f"{self._path}: {frame.format.name} pictures cannot be turned into {self._target} "
                f"({reason(error)}); convert it to H.264 first"
            ) from error


class ToYuv:
    """Converts RGB images to `FORMAT`."""

    def __init__(self, color: Color):
        self._colorspace = COLORSPACES[color.matrix]
        self._reformatter = VideoReformatter()

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> av.VideoFrame:
        """Convert an RGB image."""
        return self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), "rgb24"),
            format=FORMAT,
            dst_colorspace=self._colorspace,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CONVERSION,
        )
