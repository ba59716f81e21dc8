"""Pieces of photographs, as scenes are made of."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")

MOST_ENLARGED = 1.5
"""Of a photograph smaller than the piece to be made of it."""

_SMALLEST = 64

_CELL = 32
_FLAT = 4.0
"""Standard deviation of grey levels in a cell."""
_ENOUGH_DETAIL = 0.6
_TRIES = 6


def pieces(
    folder: Path, rng: np.random.Generator, count: int, size: int, colour: bool = False
) -> UInt8[np.ndarray, "piece *channel size size"]:
    """Cut random squares out of a folder's photographs, from small details to the whole.

    Each photograph gives as many as the others, to within one. Of a photograph that is blurred or
    empty in places, the pieces are rather those with something to see.

    Args:
        folder: of pictures; other files and folders in it are ignored.
        rng: equal ones give equal pieces of an equal folder.
        count: how many.
        size: of their sides in pixels.
        colour: whether they are RGB, [piece, 3, size, size]; else they are grey, of a random
            mixture of the colours each.

    Returns:
        uint8.

    Raises:
        InputError: there is no such folder, no picture in it, or one that cannot be read.
    """
    files = found(folder)
    numbers = np.array_split(np.arange(count), len(files))
    cut = np.empty((count, *(3,) * colour, size, size), np.uint8)
    for file, places in zip(files, numbers, strict=True):
        if not len(places):
            break
        photograph = read(file)
        for place in places:
            piece = _piece_of(photograph, rng, size)
            cut[place] = piece[..., ::-1].transpose(2, 0, 1) if colour else _grey(piece, rng)
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


def _piece_of(
    picture: UInt8[np.ndarray, "rows columns 3"], rng: np.random.Generator, size: int
) -> UInt8[np.ndarray, "size size 3"]:
    tried: list[UInt8[np.ndarray, "size size 3"]] = []
    longest = min(picture.shape[:2])
    while len(tried) < _TRIES and not (tried and _detail(tried[-1]) >= _ENOUGH_DETAIL):
        side = round(rng.uniform(min(longest, size / MOST_ENLARGED), longest))
        row, column = (rng.integers(length - side + 1) for length in picture.shape[:2])
        way = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        piece = picture[row : row + side, column : column + side]
        tried.append(cv2.resize(piece, (size, size), interpolation=way))
    return max(tried, key=_detail)


def _detail(piece: UInt8[np.ndarray, "size size 3"]) -> float:
    """Return the share of a piece's cells that are not flat, where motion can be seen."""
    cells = len(piece) // _CELL
    grey = cv2.cvtColor(piece, cv2.COLOR_BGR2GRAY)[: cells * _CELL, : cells * _CELL]
    cut = grey.reshape(cells, _CELL, cells, _CELL)
    return float((cut.std(axis=(1, 3), dtype=np.float32) > _FLAT).mean())


def _grey(
    piece: UInt8[np.ndarray, "rows columns 3"], rng: np.random.Generator
) -> UInt8[np.ndarray, "rows columns"]:
    shares: Float[np.ndarray, "3"] = rng.dirichlet(np.full(3, 3.0))
    return cv2.transform(piece, shares[None]).reshape(piece.shape[:2])
