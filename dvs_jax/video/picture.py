"""Pictures as planes: YCbCr 4:2:0 in limited range, as nearly every camera stores it.

They have 8 bits, or 10 where the camera has more. Videos stored like that need no colour conversion
between decoder, warp and encoder.
"""

from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from jaxtyping import Shaped, UInt8

from dvs_jax.video.conversion import FORMATS, ToRgb, depth_of

Plane = Shaped[np.ndarray, "height width"]
"""uint8, or uint16 of which 10 bits are used."""


def planes(picture: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Return views of luma, Cb and Cr; writing to them changes the picture.

    Args:
        picture: of three planes of 8 or 10 bits. In `FORMATS` Cb and Cr have half the width and
            half the height of luma, rounded up.
    """
    kind = np.dtype(np.uint16 if picture.format.name.endswith("10le") else np.uint8)
    y, blue, red = (
        np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)[
            : plane.height, : plane.width
        ]
        for plane in picture.planes
    )
    return y, blue, red


def blank(size: tuple[int, int], bit_depth: int = 8) -> av.VideoFrame:
    """Return a picture of a width, a height and a bit depth, with undefined contents."""
    return av.VideoFrame(*size, FORMATS[bit_depth])


def shrunk_luma(picture: av.VideoFrame, size: tuple[int, int]) -> UInt8[np.ndarray, "height width"]:
    """Return a picture's luma reduced in size by averaging the pixels of each area.

    Args:
        picture: as `planes` takes it.
        size: width and height of the image.

    Returns:
        uint8 [height, width], in limited range.
    """
    return _shrunk(planes(picture)[0], size)


def _shrunk(plane: Plane, size: tuple[int, int]) -> UInt8[np.ndarray, "height width"]:
    # OpenCV is fastest at halving: halving first takes a third of the time of one step. Where the
    # factor is even the result differs by a level at most, else hardly more in pictures.
    while _halves(plane, size):
        plane = _mean(plane, (plane.shape[1] // 2, plane.shape[0] // 2))
    small = _mean(plane, size)
    return small if small.dtype == np.uint8 else (small >> 2).astype(np.uint8)


def _halves(plane: Plane, size: tuple[int, int]) -> bool:
    """Whether pixels of half the size still are exact parts, or small ones, of those wanted."""
    (height, width), (to_width, to_height) = plane.shape, size
    if height % (2 * to_height) == 0 and width % (2 * to_width) == 0:
        return True
    return height % 2 == width % 2 == 0 and height >= 4 * to_height and width >= 4 * to_width


def _mean(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


class Shrink:
    """Makes reduced RGB images of one video's pictures."""

    def __init__(self, path: Path, size: tuple[int, int]):
        """Describe the images.

        Args:
            path: the video, for messages.
            size: their width and height.
        """
        self._size = size
        self._to_rgb = ToRgb(path)

    def __call__(self, picture: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
        """Reduce a picture in one of `FORMATS` by averaging the pixels of each area."""
        small = av.VideoFrame(*self._size, "yuv444p")
        for source, target in zip(planes(picture), planes(small), strict=True):
            target[:] = _shrunk(source, self._size)
        small.colorspace, small.color_range = picture.colorspace, ColorRange.MPEG
        return self._to_rgb(small)


def even(picture: av.VideoFrame) -> av.VideoFrame:
    """Return a picture without a last odd row and column, which 4:2:0 videos cannot have."""
    size = picture.width - picture.width % 2, picture.height - picture.height % 2
    if size == (picture.width, picture.height):
        return picture
    cut = blank(size, depth_of(picture))
    for source, target in zip(planes(picture), planes(cut), strict=True):
        target[...] = source[: target.shape[0], : target.shape[1]]
    return cut
