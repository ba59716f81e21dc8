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
_BLACK_LUMA, _NO_CHROMA = 16, 128


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
    affine, cells = _inverse_affine(grid), _cells(grid)
    position = target @ affine[:2] + xp.broadcast_to(affine[2], target.shape)
    for _ in range(_NEWTON_STEPS):
        landed, along_x, along_y = _land(cells, position)
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


def _cells(grid: quaternion.Array) -> quaternion.Array:
    """Return, [row, column, 4, 2], where each cell's first corner lands and how that goes on.

    That is: along its upper side, along its left side, and how far its lower side differs from its
    upper one.
    """
    xp = quaternion.array_namespace(grid)
    upper = grid[:, 1:, :2] - grid[:, :-1, :2]
    drop = grid[1:, :-1, :2] - grid[:-1, :-1, :2]
    return xp.stack([grid[:-1, :-1, :2], upper[:-1], drop, upper[1:] - upper[:-1]], axis=2)


def _land(
    cells: quaternion.Array, position: quaternion.Array
) -> tuple[quaternion.Array, quaternion.Array, quaternion.Array]:
    """Return where source points land, and how that changes with their x and with their y.

    It is bilinear within a cell of the grid; beyond the frame the outermost cells go on.
    """
    xp, count = quaternion.array_namespace(cells, position), len(cells)
    scaled = position * count
    corner = xp.clip(xp.floor(scaled), 0, count - 1).astype(int)
    right, down = xp.moveaxis(scaled - corner, -1, 0)[..., None]
    first, upper, drop, twist = xp.moveaxis(cells[corner[..., 1], corner[..., 0]], -2, 0)
    along_x, along_y = upper + twist * down, drop + twist * right
    return first + upper * right + along_y * down, along_x * count, along_y * count


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


def lattice_map(
    grid: Float[np.ndarray, "row column 4"], size: tuple[int, int], kept: float
) -> Float[np.ndarray, "row column 2"]:
    """Return the source pixels of the middles of squares of the output, and of those around it.

    Args:
        grid: see `source_positions`.
        size: width and height of source and output in pixels.
        kept: the central share of the uncropped output, in each axis, that fills the output.

    Returns:
        float32, (x, y) in pixels; of squares of `LATTICE_STEP` pixels, one more on every side than
        touch the output.
    """
    lattice = [np.arange(-1, -(-length // LATTICE_STEP) + 1) for length in size]
    x, y = np.meshgrid(*((points + 0.5) * LATTICE_STEP - 0.5 for points in lattice))
    target = np.stack([x, y], axis=-1) / size
    return (source_positions(grid, _uncrop(target, size, kept)) * size).astype(np.float32)


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
        kept: see `lattice_map`; 1 for the uncropped output.
        border: what fills pixels that the frame does not cover.

    Returns:
        uint8 [height, width, channel], of the source's size, sampled bilinearly.
    """
    size = (frame.shape[1], frame.shape[0])
    drawn = np.empty_like(frame)
    _sample(frame, lattice_map(grid, size, kept), LATTICE_STEP, drawn, border, 0)
    return drawn


def warp_planes(
    source: Sequence[UInt8[np.ndarray, "source_height source_width"]],
    lattice: Float[np.ndarray, "row column 2"],
    border: Border,
    drawn: Sequence[UInt8[np.ndarray, "height width"]],
) -> None:
    """Draw one frame of three planes, YCbCr 4:2:0, as the virtual camera sees it, on the host.

    Args:
        source: uint8 luma, and the differences at half its size, rounded up.
        lattice: where it shows what; see `lattice_map`.
        border: what fills pixels that the frame does not cover.
        drawn: uint8 planes to draw into; a last odd row and column of the source may be missing.
    """
    # A chroma sample counts as the middle of its four luma pixels.
    chroma = (lattice + 0.5) / 2.0 - 0.5
    _sample(source[0], lattice, LATTICE_STEP, drawn[0], border, _BLACK_LUMA)
    # Four channels at once take OpenCV less time than two one by one; for two it has no quick way.
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
    """Draw an image, band by band, so that the positions stay in the cache."""
    height, width = drawn.shape[:2]
    for row in range(0, -(-(height + step // 2) // step), _BAND_ROWS):
        # What lies between the middles of one row of squares and of another, as far as it is drawn.
        first = row * step - step // 2
        band = slice(max(first, 0), min(first + _BAND_ROWS * step, height))
        positions = _between(lattice[row : row + _BAND_ROWS + 1], step)
        _remap(source, positions[band.start - first :, :width], drawn[band], border, black)


def _between(
    lattice: Float[np.ndarray, "row column 2"], step: int
) -> Float[np.ndarray, "height width 2"]:
    """Return the positions of all pixels from the middles of the first row of squares to the last.

    Columns begin with the first pixel of the second square.
    """
    # Resizing by an integer factor puts sample i at the middle of its pixels.
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
