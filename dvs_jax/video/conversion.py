"""Decoded pictures into RGB images, and RGB images into pictures to encode."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import UInt8

from dvs_jax.errors import InputError
from dvs_jax.video.color import COLORSPACES, Color, color_of
from dvs_jax.video.container import reason

# Without these, swscale takes short cuts that darken a picture by a level, there and back.
_CONVERSION = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class ToRgb:
    """Converts the decoded frames of one video."""

    def __init__(self, path: Path):
        self._path = path
        self._reformatter = VideoReformatter()  # holds buffers that are dear to set up
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
        """Convert a decoded frame to RGB.

        Raises:
          InputError: it is of another size than the first, or cannot be turned into RGB.
        """
        self._size = self._size or (frame.width, frame.height)
        if (frame.width, frame.height) != self._size:
            raise InputError(
                f"{self._path}: the frame size changes from {self._size} to "
                f"{(frame.width, frame.height)}; cut the video there first"
            )
        try:
            converted = self._reformatter.reformat(
                frame,
                format="rgb24",
                src_colorspace=COLORSPACES[color_of(self._path, frame).matrix],
                interpolation=_CONVERSION,
            )
        except av.FFmpegError as error:
            raise InputError(
                f"{self._path}: {frame.format.name} pictures cannot be turned into RGB "
                f"({reason(error)}); convert it to H.264 first"
            ) from error
        return np.ascontiguousarray(converted.to_ndarray())


class ToYuv:
    """Converts RGB images to what an encoder takes, and dates them."""

    def __init__(self, encoder: VideoStream, color: Color, time_base: Fraction):
        self._encoder = encoder
        self._colorspace = COLORSPACES[color.matrix]
        self._time_base = time_base
        self._reformatter = VideoReformatter()

    def __call__(self, frame: UInt8[np.ndarray, "height width 3"], tick: int) -> av.VideoFrame:
        """Convert an RGB image; a last odd row and column are cut off."""
        even = np.ascontiguousarray(frame[: self._encoder.height, : self._encoder.width])
        picture = self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(even, "rgb24"),
            format="yuv420p",
            dst_colorspace=self._colorspace,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CONVERSION,
        )
        picture.pts = tick
        picture.time_base = self._time_base
        return picture
