"""Pieces of photographs, as scenes are made of."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")

MOST_ENLARGED = 1.5
"""Of a photograph smaller than the piece to be made of it."""

_SMALLEST = 64


def pieces(
    folder: Path, rng: np.random.Generator, count: int, size: int
) -> UInt8[np.ndarray, "piece size size"]:
    """Cut random squares out of a folder's photographs, from small details to the whole.

    Each photograph gives as many as the others, to within one.

    Args:
        folder: of pictures; other files and folders in it are ignored.
        rng: equal ones give equal pieces of an equal folder.
        count: how many.
        size: of their sides in pixels.

    Returns:
        uint8, grey, of a random mixture of the colours each.

    Raises:
        InputError: there is no such folder, no picture in it, or one that cannot be read.
    """
    files = found(folder)
    numbers = np.array_split(np.arange(count), len(files))
    cut = np.empty((count, size, size), np.uint8)
    for file, places in zip(files, numbers, strict=True):
        if len(places):
            cut[places] = list(_pieces_of(read(file), rng, len(places), size))
    return cut


def found(folder: Path) -> Sequence[Path]:
    """Return a folder's pictures by name; see `pieces`."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of photographs")
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"{folder}: no picture in it; what counts is {', '.join(SUFFIXES)}")
    return files


def read(file: Path) -> UInt8[np.ndarray, "rows columns 3"]:
    """Read a picture, in OpenCV's order of colours."""
    content = np.fromfile(file, np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if picture is None or min(picture.shape[:2]) < _SMALLEST:
        raise InputError(f"{file}: not a picture of at least {_SMALLEST} × {_SMALLEST} pixels")
    return picture


def _pieces_of(
    picture: UInt8[np.ndarray, "rows columns 3"], rng: np.random.Generator, count: int, size: int
) -> Iterator[UInt8[np.ndarray, "size size"]]:
    longest = min(picture.shape[:2])
    shortest = min(longest, size / MOST_ENLARGED)
    for _ in range(count):
        side = round(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
        row, column = (rng.integers(length - side + 1) for length in picture.shape[:2])
        piece = _grey(picture[row : row + side, column : column + side], rng)
        way = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        yield cv2.resize(piece, (size, size), interpolation=way)


def _grey(
    piece: UInt8[np.ndarray, "rows columns 3"], rng: np.random.Generator
) -> UInt8[np.ndarray, "rows columns"]:
    shares: Float[np.ndarray, "3"] = rng.dirichlet(np.full(3, 3.0))
    return cv2.transform(piece, shares[None]).reshape(piece.shape[:2])
