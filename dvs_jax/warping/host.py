"""Frames warped by a backward grid on the host; `device` does the same on a device.

Source positions are computed on a lattice of output points and interpolated bilinearly in between,
tile by tile, so that they stay in the processor's cache.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, Shaped, UInt8

from dvs_jax.warping import doubling
from dvs_jax.warping import grid as grids

Border = Literal["black", "reflect"]

Beyond = Literal["black", "reflect", "replicate"]
"""What `warp_planes` can fill with; the device knows the first two."""

LATTICE_STEP = 32
"""Output pixels between lattice points; interpolated bilinearly in between, exact to 0.1 px."""

_TILE_ROWS, _TILE_COLUMNS = 12, 32
"""Squares of the lattice that are drawn at once: fewer calls, or less memory, take longer."""

_BORDERS = {
    "black": cv2.BORDER_CONSTANT,
    "reflect": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
}
BLACK = (16, 128, 128)
"""Y, Cb and Cr in 8 bits."""

LEVELS_OF_10_BITS = 4
"""For each of 8 bits."""

BRIGHTEST_OF_10_BITS = 1023


def lattice_map(
    source: Float[np.ndarray, "rows columns 2"], size: tuple[int, int], kept: float
) -> Float[np.ndarray, "row column 2"]:
    """Return the source positions of a lattice: the centres of squares of the output.

    Args:
        source: a backward grid (see `grid`).
        size: width and height of source and output in pixels.
        kept: the central fraction of the uncropped output, in each axis, that fills the output.

    Returns:
        float32, (x, y) in pixels, integers at pixel centres, for squares of `LATTICE_STEP` pixels
        that cover the output, and one more on every side.
    """
    across, down = (_lattice(length, kept) for length in size)
    positions = grids.at(np.asarray(source, np.float32), down, across)
    return positions * np.array(size, np.float32) - np.float32(0.5)


def _lattice(length: int, kept: float) -> Float[np.ndarray, "point"]:
    """Return the lattice points along one axis, as fractions of the uncropped output."""
    middles = (np.arange(-1, -(-length // LATTICE_STEP) + 1) + 0.5) * LATTICE_STEP / length
    return (0.5 + (middles - 0.5) * kept).astype(np.float32)


def warp_frame(
    frame: UInt8[np.ndarray, "height width channel"],
    source: Float[np.ndarray, "rows columns 2"],
    kept: float,
    border: Border,
) -> UInt8[np.ndarray, "height width channel"]:
    """Warp one frame by its grid, on the host.

    Args:
        frame: uint8 source picture, RGB.
        source: a backward grid (see `grid`).
        kept: see `lattice_map`; 1 for the uncropped output.
        border: what fills pixels that the frame does not cover.

    Returns:
        uint8 [height, width, channel], of the source's size, sampled sharply (see `doubling`).
    """
    size = (frame.shape[1], frame.shape[0])
    drawn = np.empty_like(frame)
    _sample(
        frame, lattice_map(source, size, kept), LATTICE_STEP, drawn, border, (0,) * 4, sharp=True
    )
    return drawn


def warp_planes(
    source: Sequence[Shaped[np.ndarray, "source_height source_width"]],
    lattice: Float[np.ndarray, "row column 2"],
    border: Beyond,
    drawn: Sequence[Shaped[np.ndarray, "height width"]],
    colour: tuple[int, int, int] = BLACK,
) -> None:
    """Warp one frame of three planes, YCbCr 4:2:0, on the host: luma sharply, chroma bilinearly.

    Args:
        source: planes: luma, and Cb and Cr at half its size, rounded up; uint8, or uint16 of which
            10 bits are used.
        lattice: source positions; see `lattice_map`.
        border: what fills pixels that the frame does not cover.
        drawn: planes of that type to draw into, of any size; a last odd row and column may be
            missing.
        colour: Y, Cb and Cr in 8 bits that a "black" border has.
    """
    dtype = drawn[0].dtype
    level = 1 if dtype == np.uint8 else LEVELS_OF_10_BITS
    # A chroma sample is taken to lie at the centre of its four luma pixels.
    chroma = (lattice + 0.5) / 2.0 - 0.5
    luma, *differing = (level * each for each in colour)
    _sample(source[0], lattice, LATTICE_STEP, drawn[0], border, (luma,) * 4, sharp=True)
    # OpenCV has no fast path for two channels; four at once take less time than two one by one.
    differences = np.empty((*drawn[1].shape, 4), dtype)
    both = cv2.merge([*source[1:], *source[1:]])
    twice = (*differing, *differing)
    _sample(both, chroma, LATTICE_STEP // 2, differences, border, twice, sharp=False)
    cv2.mixChannels([differences], list(drawn[1:]), [0, 0, 1, 1])


def _sample(
    source: Shaped[np.ndarray, "source_height source_width *channel"],
    lattice: Float[np.ndarray, "row column 2"],
    step: int,
    drawn: Shaped[np.ndarray, "height width *channel"],
    border: Beyond,
    black: tuple[int, ...],
    sharp: bool,
) -> None:
    """Warp an image, tile by tile: bilinearly, or sharply (see `doubling`)."""
    room = np.empty((_TILE_ROWS + 1) * (_TILE_COLUMNS + 1) * step * step * 2, np.float32)
    for down, rows, skipped in _tiles(drawn.shape[0], step, _TILE_ROWS):
        for across, columns, left in _tiles(drawn.shape[1], step, _TILE_COLUMNS):
            tile, corners = drawn[rows, columns], lattice[down, across]
            part = source
            if sharp:
                part, corners = _doubled_part(source, corners)
            positions = _between(corners, step, room)[skipped:, left:]
            _remap(part, positions, tile, border, black)


def _tiles(length: int, step: int, squares: int) -> Iterator[tuple[slice, slice, int]]:
    """Yield for each tile along an axis its lattice points and its pixels.

    A tile lies between its first and its last lattice point. Of the first tile, pixels before the
    output are to be skipped: their number comes third.
    """
    for point in range(0, -(-(length + step // 2) // step), squares):
        first = point * step - step // 2
        pixels = slice(max(first, 0), min(first + squares * step, length))
        yield slice(point, point + squares + 1), pixels, pixels.start - first


def _doubled_part(
    source: Shaped[np.ndarray, "source_height source_width *channel"],
    lattice: Float[np.ndarray, "row column 2"],
) -> tuple[Shaped[np.ndarray, "..."], Float[np.ndarray, "row column 2"]]:
    """Return the part of an image that positions refer to, doubled, and the positions in it."""
    (left, right), (top, bottom) = (
        _extent(lattice[..., axis], source.shape[1 - axis]) for axis in (0, 1)
    )
    origin = np.array([left, top], np.float32)
    doubled = doubling.doubled(source[top:bottom, left:right])
    if doubled.dtype == np.uint16:
        np.minimum(doubled, BRIGHTEST_OF_10_BITS, out=doubled)
    return doubled, (lattice - origin) * np.float32(2.0)


def _extent(position: Float[np.ndarray, "row column"], length: int) -> tuple[int, int]:
    """Return the first pixel that samples along an axis depend on, and the one after the last.

    Beyond an edge that is not part of the source they depend on the pixels mirrored there.
    """
    last = length - 1
    near = np.clip(position, -last, 2 * last)
    # Positions without meaning depend on nothing.
    low, high = (
        np.nan_to_num(each.reduce(near, axis=(0, 1))).astype(int) for each in (np.fmin, np.fmax)
    )
    low, high = min(low, 2 * last - high), max(high, -low)
    first = max(low - doubling.REACH, 0)
    return first, min(max(high + doubling.REACH + 1, first + 1), length)


def _between(
    lattice: Float[np.ndarray, "row column 2"], step: int, room: Float[np.ndarray, "number"]
) -> Float[np.ndarray, "height width 2"]:
    """Return the positions of all pixels between the first and the last of the lattice points.

    Args:
        lattice: the points.
        step: pixels between them.
        room: for the result. New memory for each tile would take longer than the interpolation.
    """
    rows, columns = (points * step for points in lattice.shape[:2])
    fine = room[: rows * columns * 2].reshape(rows, columns, 2)
    # Resizing by an integer factor puts sample i at the centre of its pixels.
    cv2.resize(lattice, (columns, rows), dst=fine)
    return fine[step // 2 : rows - step // 2, step // 2 : columns - step // 2]


def _remap(
    source: Shaped[np.ndarray, "..."],
    positions: Float[np.ndarray, "height width 2"],
    drawn: Shaped[np.ndarray, "..."],
    border: Beyond,
    black: tuple[int, ...],
) -> None:
    cv2.remap(
        source,
        positions[: drawn.shape[0], : drawn.shape[1]],
        None,
        cv2.INTER_LINEAR,
        dst=drawn,
        borderMode=_BORDERS[border],
        borderValue=black,
    )
