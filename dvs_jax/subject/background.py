"""What is seen around the person: nothing, a blur, a colour or a picture.

It is drawn into the stored pictures' planes, so that where the person is nothing is converted.
"""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps

from dvs_jax.bounded_file import require_regular
from dvs_jax.errors import InputError, reading
from dvs_jax.subject.colour import colour
from dvs_jax.subject.orientation import orientation_of
from dvs_jax.video import VideoInfo
from dvs_jax.video import picture as pictures
from dvs_jax.video.conversion import ToYuv, depth_of
from dvs_jax.video.picture import Plane

Mask = Float[np.ndarray, "height width"]

Background = Callable[[int, Plane, Mask], Plane]
"""Makes a plane of what lies behind a person from its number (0 luma, 1 Cb, 2 Cr), the frame's
plane and the person's mask of the same size."""

NAMES = ("keep", "remove", "blur")

BLUR = 0.02
"""Standard deviation of the blur, by the picture's height."""

_COARSER = 8
"""By which a plane is shrunk for its blur, of which no detail is left anyway."""

_LARGEST_PICTURE = 1 << 28
"""Pixels."""


def parse(text: str, info: VideoInfo) -> Background | None:
    """Return the background that a text names, None to keep the clip's own.

    Args:
        text: "keep"; "remove", which leaves black; "blur"; a colour as in web pages ("#204060",
            "teal"); or a picture's file, which is cut to the frame's shape.
        info: of the video.

    Raises:
        InputError: it is none of these, or the file is no picture.
    """
    if text == "keep":
        return None
    if text == "blur":
        return blurred
    if Path(text).exists():
        return still(_read(Path(text)), info)
    rgb = colour("black" if text == "remove" else text)
    if rgb is None:
        raise InputError(
            f"{text!r} is no background: give {', '.join(NAMES)}, a colour such as teal or "
            "#204060, or the file of a picture; there is no such file"
        )
    return still(np.full((2, 2, 3), rgb, np.uint8), info)


def still(image: UInt8[np.ndarray, "rows columns 3"], info: VideoInfo) -> Background:
    """Return a background that is always the same picture.

    Args:
        image: RGB, upright; scaled to cover the frame, and cut in its middle.
        info: of the video.
    """
    orientation = orientation_of(info)
    upright = orientation.size((info.width, info.height))
    fitted = np.array(ImageOps.fit(Image.fromarray(image), upright))
    stored = ToYuv(info.color)(orientation.stored(fitted))
    planes = [plane.copy() for plane in pictures.planes(stored)]

    def behind(number: int, plane: Plane, mask: Mask) -> Plane:
        rows, columns = plane.shape
        shown = planes[number][:rows, :columns]
        return shown if plane.dtype == np.uint8 else shown.astype(plane.dtype) << 2

    return behind


def blurred(number: int, plane: Plane, mask: Mask) -> Plane:
    """Return a plane out of focus, with nothing of the person's colours in it."""
    height, width = mask.shape
    size = max(width // _COARSER, 1), max(height // _COARSER, 1)
    weight = np.maximum(1.0 - mask, 1e-3).astype(np.float32)
    weighted = cv2.multiply(plane, weight, dtype=cv2.CV_32F)
    deviation = max(BLUR * size[1], 0.5)
    shrunk = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (weighted, weight))
    small, share = (cv2.GaussianBlur(each, (0, 0), deviation) for each in shrunk)
    return cv2.resize(np.rint(small / share).astype(plane.dtype), (width, height))


def replaced(picture: av.VideoFrame, mask: Mask, background: Background) -> av.VideoFrame:
    """Return a picture with another background: m I + (1 − m) B.

    Args:
        picture: stored, one of `conversion.FORMATS`; it is not written to.
        mask: float32 in 0…1, of the stored picture's size.
        background: what is behind.
    """
    drawn = pictures.blank((picture.width, picture.height), depth_of(picture))
    both = zip(pictures.planes(picture), pictures.planes(drawn), strict=True)
    for number, (source, target) in enumerate(both):
        size = source.shape[1], source.shape[0]
        share = mask if number == 0 else cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        target[...] = _blended(source, share, background(number, source, share))
    return drawn


def _blended(front: Plane, share: Mask, behind: Plane) -> Plane:
    if front.dtype == np.uint8:
        return cv2.blendLinear(
            np.ascontiguousarray(front), np.ascontiguousarray(behind), share, 1 - share
        )
    return np.rint(share * front + (1.0 - share) * behind).astype(front.dtype)


def _read(path: Path) -> UInt8[np.ndarray, "rows columns 3"]:
    require_regular(path)
    advice = "give a .jpg or .png"
    with reading(path, "no picture that can be read", advice), Image.open(path) as file:
        if file.width * file.height > _LARGEST_PICTURE:
            raise InputError(f"{path}: has more than {_LARGEST_PICTURE} pixels")
        return np.array(ImageOps.exif_transpose(file).convert("RGB"))
