"""Folders of images, read as videos."""

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from dvs_jax.bounded_file import require_regular
from dvs_jax.errors import InputError, reading, reason
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.size import require_size
from dvs_jax.video.times import NANOSECONDS

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")

_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")

# Pillow is used for sizes alone, but warns of other things that it finds in a header.
warnings.filterwarnings("ignore", module=r"PIL\.")

_MOST_BYTES = 2**29
"""Limit of a file: more than the largest picture allowed, uncompressed with 16 bits a channel."""


def is_folder(path: Path) -> bool:
    """Whether a path is a folder.

    Raises:
      InputError: its status cannot be read.
    """
    try:
        return path.is_dir()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def probe_folder(folder: Path, frame_rate: Fraction | float) -> VideoInfo:
    """Describe a folder's images as a video with a rate, in frames per second.

    Raises:
      InputError: the rate is impossible, there is no image, or the first cannot be read.
    """
    if not math.isfinite(frame_rate) or frame_rate <= 0:
        raise InputError(f"{folder}: a frame rate of {frame_rate} is impossible; give one above 0")
    rate = Fraction(frame_rate).limit_denominator(100_000)
    images = list_images(folder)
    width, height = _stored_size(images[0])
    _read_image(images[0], (width, height))
    time_ns = np.array([round(i * NANOSECONDS / rate) for i in range(len(images))], np.int64)
    return VideoInfo(folder, width, height, rate, time_ns, rotation=0, has_audio=False)


def read_images(folder: Path) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield a folder's images one by one, RGB, in natural order (2 before 10).

    Raises:
      InputError: there is none, one cannot be read, or they differ in size.
    """
    first = None
    for path in list_images(folder):
        size = _stored_size(path)
        first = first or size
        if size != first:
            raise InputError(
                f"{path}: is {size[0]} × {size[1]}, the images before it are "
                f"{first[0]} × {first[1]}; all images of a video need one size"
            )
        yield _read_image(path, size)


def list_images(folder: Path) -> list[Path]:
    """Return a folder's images in natural order.

    Raises:
      InputError: there is none, or the folder cannot be read.
    """
    try:
        images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from error
    if not images:
        raise InputError(f"{folder}: no image in this folder ({', '.join(IMAGE_SUFFIXES)})")
    return sorted(images, key=_natural_key)


def _natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts], path.name


def _stored_size(path: Path) -> tuple[int, int]:
    """Width and height from an image's header, without decoding it."""
    if require_regular(path) > _MOST_BYTES:
        raise InputError(f"{path}: is larger than {_MOST_BYTES // 2**20} MiB; scale it down first")
    with _reading(path):
        try:
            with Image.open(path, formats=_FORMATS) as image:
                size = image.size
        except Image.DecompressionBombError as error:
            raise InputError(f"{path}: is too large ({reason(error)})") from error
    require_size(path, *size)
    return size


def _read_image(path: Path, size: tuple[int, int]) -> UInt8[np.ndarray, "height width 3"]:
    with _reading(path):
        stored = np.fromfile(path, np.uint8)
        image = cv2.imdecode(stored, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None or image.shape[1::-1] != size:
            raise ValueError("it is damaged")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(path, "cannot be read as an image", "remove or replace it")
