"""A grid onto frames, on the host; `device_warp` does the same on a device.

A grid says where source points land in the output; drawing needs the opposite, the source position
of every output pixel. A few Newton steps find it instead of a rasteriser of triangles, so the same
formulas run in NumPy and, vectorised over frames, in JAX.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import quaternion

Border = Literal["black", "reflect"]

LATTICE_STEP = 32
"""Output pixels between the positions that are solved for; bilinear in between, exact to 0.1 px."""

_BAND_ROWS = 6
"""Rows of the lattice that are drawn at once."""

_NEWTON_STEPS = 2

_SMALLEST_AREA = 1e-6
"""Relative area below which a cell of the grid counts as folded (part of it behind the camera)."""

_BORDERS = {"black": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}
_BLACK = (16, 128, 128)


def source_positions(grid: quaternion.Array, target: quaternion.Array) -> quaternion.Array:
    """Return which source point each output point shows.

    Args:
        grid: [row, column, 4], (x′, y′, u, v) in fractions of the frame, as `camera.warp_grid`
            makes it: the source vertex (u, v), regularly spaced, lands at (x′, y′).
        target: [..., 2], output points (x, y) in fractions of the frame.

    Returns:
        [..., 2], source points (x, y) in fractions of the frame; outside [0, 1] where the output
        shows nothing of the frame.
    """
    xp = quaternion.array_namespace(grid, target)
    affine = _inverse_affine(grid)
    position = target @ affine[:2] + xp.broadcast_to(affine[2], target.shape)
    for _ in range(_NEWTON_STEPS):
        landed, along_x, along_y = _land(grid, position)
        position = position - _solve(along_x, along_y, landed - target)
    return position


def _inverse_affine(grid: quaternion.Array) -> quaternion.Array:
    """Return the 3 × 2 map from (x′, y′, 1) to (u, v) that fits the whole grid best.

    It is the first guess: a good one also for a large roll or zoom.
    """
    xp = quaternion.array_namespace(grid)
    landed = grid[..., :2].reshape(-1, 2)
    landed = xp.concatenate([landed, xp.ones_like(landed[:, :1])], axis=-1)
    vertices = grid[..., 2:].reshape(-1, 2)
    return xp.linalg.solve(landed.T @ landed, landed.T @ vertices)


def _land(
    grid: quaternion.Array, position: quaternion.Array
) -> tuple[quaternion.Array, quaternion.Array, quaternion.Array]:
    """Return where source points land, and how that changes with their x and with their y.

    It is bilinear within a cell of the grid; beyond the frame the outermost cells go on.
    """
    xp = quaternion.array_namespace(grid, position)
    cells = grid.shape[0] - 1
    column, row = position[..., 0] * cells, position[..., 1] * cells
    top = xp.clip(xp.floor(row), 0, cells - 1).astype(int)
    left = xp.clip(xp.floor(column), 0, cells - 1).astype(int)
    down, right = (row - top)[..., None], (column - left)[..., None]
    corner = grid[..., :2]
    upper = corner[top, left + 1] - corner[top, left]
    lower = corner[top + 1, left + 1] - corner[top + 1, left]
    drop = corner[top + 1, left] - corner[top, left]
    twist = lower - upper
    landed = corner[top, left] + upper * right + drop * down + twist * down * right
    return landed, (upper + twist * down) * cells, (drop + twist * right) * cells


def _solve(
    along_x: quaternion.Array, along_y: quaternion.Array, residual: quaternion.Array
) -> quaternion.Array:
    """Return the (x, y) with x·along_x + y·along_y = residual; zero where the two are parallel."""
    xp = quaternion.array_namespace(along_x, along_y, residual)
    determinant = along_x[..., 0] * along_y[..., 1] - along_x[..., 1] * along_y[..., 0]
    folds = xp.abs(determinant) < _SMALLEST_AREA
    scale = xp.where(folds, 0.0, 1.0 / xp.where(folds, 1.0, determinant))
    x = residual[..., 0] * along_y[..., 1] - residual[..., 1] * along_y[..., 0]
    y = along_x[..., 0] * residual[..., 1] - along_x[..., 1] * residual[..., 0]
    return xp.stack([x * scale, y * scale], axis=-1)


def backward_map(
    grid: Float[np.ndarray, "row column 4"], size: tuple[int, int], kept: float
) -> Float[np.ndarray, "height width 2"]:
    """Return the source pixel (x, y) of every output pixel.

    Args:
        grid: see `source_positions`.
        size: width and height of source and output in pixels.
        kept: the central share of the uncropped output, in each axis, that fills the output.

    Returns:
        float32 [height, width, 2] in pixels, integers at pixel centres.
    """
    return _between_lattice(_lattice_map(grid, size, kept), size, LATTICE_STEP)


def _lattice_map(
    grid: Float[np.ndarray, "row column 4"], size: tuple[int, int], kept: float
) -> Float[np.ndarray, "row column 2"]:
    """Return the source pixels of the middles of squares of the output, and of those around it."""
    lattice = [np.arange(-1, -(-length // LATTICE_STEP) + 1) for length in size]
    x, y = np.meshgrid(*((points + 0.5) * LATTICE_STEP - 0.5 for points in lattice))
    target = np.stack([x, y], axis=-1) / size
    return (source_positions(grid, _uncrop(target, size, kept)) * size).astype(np.float32)


def _between_lattice(
    coarse: Float[np.ndarray, "row column 2"], size: tuple[int, int], step: int
) -> Float[np.ndarray, "height width 2"]:
    """Return the positions of all pixels from those of the middles of squares of `step` pixels."""
    # Resizing by an integer factor puts sample i at the middle of its pixels.
    fine = cv2.resize(coarse, None, fx=step, fy=step)
    width, height = size
    return fine[step : step + height, step : step + width]


def _uncrop(target: quaternion.Array, size: tuple[int, int], kept: float) -> quaternion.Array:
    xp = quaternion.array_namespace(target)
    center = xp.asarray([(length - 1) / (2 * length) for length in size], dtype=target.dtype)
    center = xp.broadcast_to(center, target.shape)
    return center + (target - center) * kept


def warp_frame(
    frame: UInt8[np.ndarray, "height width channel"],
    grid: Float[np.ndarray, "row column 4"],
    kept: float,
    border: Border,
) -> UInt8[np.ndarray, "height width channel"]:
    """Draw one frame as the virtual camera sees it, on the host.

    Args:
        frame: uint8 source picture, RGB.
        grid: (x′, y′, u, v) in fractions of the frame; see `source_positions`.
        kept: see `backward_map`; 1 for the uncropped output.
        border: what fills pixels that the frame does not cover.

    Returns:
        uint8 [height, width, channel], of the source's size, sampled bilinearly.
    """
    size = (frame.shape[1], frame.shape[0])
    drawn = np.empty_like(frame)
    _sample([frame], _lattice_map(grid, size, kept), LATTICE_STEP, [drawn], border, [0])
    return drawn


def warp_planes(
    source: Sequence[UInt8[np.ndarray, "source_height source_width"]],
    grid: Float[np.ndarray, "row column 4"],
    kept: float,
    border: Border,
    drawn: Sequence[UInt8[np.ndarray, "height width"]],
) -> None:
    """Draw one frame of three planes, YCbCr 4:2:0, as the virtual camera sees it, on the host.

    Args:
        source: uint8 luma, and the differences at half its size, rounded up.
        grid: (x′, y′, u, v) in fractions of the frame; see `source_positions`.
        kept: see `backward_map`; 1 for the uncropped output.
        border: what fills pixels that the frame does not cover.
        drawn: uint8 planes to draw into; a last odd row and column of the source may be missing.
    """
    height, width = source[0].shape
    luma = _lattice_map(grid, (width, height), kept)
    # A chroma sample counts as the middle of its four luma pixels.
    chroma = (luma + 0.5) / 2.0 - 0.5
    _sample(source[:1], luma, LATTICE_STEP, drawn[:1], border, _BLACK[:1])
    _sample(source[1:], chroma, LATTICE_STEP // 2, drawn[1:], border, _BLACK[1:])


def _sample(
    sources: Sequence[UInt8[np.ndarray, "..."]],
    lattice: Float[np.ndarray, "row column 2"],
    step: int,
    drawn: Sequence[UInt8[np.ndarray, "..."]],
    border: Border,
    black: Sequence[int],
) -> None:
    """Draw planes of one size, band by band, so that the positions stay in the cache."""
    height, width = drawn[0].shape[:2]
    for row in range(0, len(lattice) - 2, _BAND_ROWS):
        band = slice(row * step, min((row + _BAND_ROWS) * step, height))
        size = width, band.stop - band.start
        positions = _between_lattice(lattice[row : row + _BAND_ROWS + 2], size, step)
        for source, target, value in zip(sources, drawn, black, strict=True):
            # The stubs do not know that one two-channel map needs no second.
            cv2.remap(  # type: ignore[call-overload]
                source,
                positions,
                None,
                cv2.INTER_LINEAR,
                dst=target[band],
                borderMode=_BORDERS[border],
                borderValue=value,
            )
