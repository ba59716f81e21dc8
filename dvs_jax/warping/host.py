"""Frames warped by a backward grid on the host; `device` does the same on a device.

Source positions are computed on a lattice of output points and interpolated bilinearly in between,
band by band, so that they stay in the processor's cache.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.warping import grid as grids

Border = Literal["black", "reflect"]

LATTICE_STEP = 32
"""Output pixels between lattice points; interpolated bilinearly in between, exact to 0.1 px."""

_BAND_ROWS = 6
"""Rows of the lattice that are drawn at once."""

_BORDERS = {"black": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}
_BLACK_LUMA, _NO_CHROMA = 16, 128


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
        uint8 [height, width, channel], of the source's size, sampled bilinearly.
    """
    size = (frame.shape[1], frame.shape[0])
    drawn = np.empty_like(frame)
    _sample(frame, lattice_map(source, size, kept), LATTICE_STEP, drawn, border, 0)
    return drawn


def warp_planes(
    source: Sequence[UInt8[np.ndarray, "source_height source_width"]],
    lattice: Float[np.ndarray, "row column 2"],
    border: Border,
    drawn: Sequence[UInt8[np.ndarray, "height width"]],
) -> None:
    """Warp one frame of three planes, YCbCr 4:2:0, on the host.

    Args:
        source: uint8 planes: luma, and Cb and Cr at half its size, rounded up.
        lattice: source positions; see `lattice_map`.
        border: what fills pixels that the frame does not cover.
        drawn: uint8 planes to draw into; a last odd row and column of the source may be missing.
    """
    # A chroma sample is taken to lie at the centre of its four luma pixels.
    chroma = (lattice + 0.5) / 2.0 - 0.5
    _sample(source[0], lattice, LATTICE_STEP, drawn[0], border, _BLACK_LUMA)
    # OpenCV has no fast path for two channels; four at once take less time than two one by one.
    differences = np.empty((*drawn[1].shape, 4), np.uint8)
    both = cv2.merge([*source[1:], *source[1:]])
    _sample(both, chroma, LATTICE_STEP // 2, differences, border, _NO_CHROMA)
    cv2.mixChannels([differences], list(drawn[1:]), [0, 0, 1, 1])


def _sample(
    source: UInt8[np.ndarray, "..."],
    lattice: Float[np.ndarray, "row column 2"],
    step: int,
    drawn: UInt8[np.ndarray, "..."],
    border: Border,
    black: int,
) -> None:
    """Warp an image, band by band, so that the positions stay in the cache."""
    height, width = drawn.shape[:2]
    for row in range(0, -(-(height + step // 2) // step), _BAND_ROWS):
        # The rows between two rows of lattice points, as far as they lie in the output.
        first = row * step - step // 2
        band = slice(max(first, 0), min(first + _BAND_ROWS * step, height))
        positions = _between(lattice[row : row + _BAND_ROWS + 1], step)
        _remap(source, positions[band.start - first :, :width], drawn[band], border, black)


def _between(
    lattice: Float[np.ndarray, "row column 2"], step: int
) -> Float[np.ndarray, "height width 2"]:
    """Return the positions of all pixels between the first and the last row of lattice points.

    Columns begin with the first pixel of the second square.
    """
    # Resizing by an integer factor puts sample i at the centre of its pixels.
    fine = cv2.resize(lattice, None, fx=step, fy=step)
    return fine[step // 2 : len(fine) - step // 2, step:]


def _remap(
    source: UInt8[np.ndarray, "..."],
    positions: Float[np.ndarray, "height width 2"],
    drawn: UInt8[np.ndarray, "..."],
    border: Border,
    black: int,
) -> None:
    cv2.remap(
        source,
        positions[: len(drawn)],
        None,
        cv2.INTER_LINEAR,
        dst=drawn,
        borderMode=_BORDERS[border],
        borderValue=(black,) * 4,
    )
