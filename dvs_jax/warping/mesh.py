"""Inverting a forward mesh into a backward grid.

A camera's forward mesh (`camera.warp_grid`) gives the output positions of source vertices; warping
needs the inverse, which Newton's method finds. The same formulas run in NumPy and in JAX.
"""

import numpy as np

from dvs_jax import quaternion
from dvs_jax.warping import grid as grids

_NEWTON_STEPS = 2

_SMALLEST_AREA = 1e-6
"""Relative area below which a cell of the mesh counts as folded (part of it behind the camera)."""


def backward_grid(
    mesh: quaternion.Array, size: tuple[int, int], shape: tuple[int, int]
) -> quaternion.Array:
    """Return the source point of each of regularly spaced output points.

    Args:
        mesh: [row, column, 4], (x′, y′, u, v) as `camera.warp_grid` returns it: the source vertex
            (u, v), regularly spaced, maps to output (x′, y′), and pixel centre (c, r) is at
            (c / W, r / H).
        size: width W and height H of the frame in pixels.
        shape: rows and columns of the output points, the outermost on the frame's edges.

    Returns:
        [rows, columns, 2], source points (x, y) as fractions of the frame, where pixel centre
        (c, r) is at ((c + 0.5) / W, (r + 0.5) / H): a `methods.Frame.source`.
    """
    xp = quaternion.array_namespace(mesh)
    points = xp.asarray(grids.output_points(*shape), dtype=mesh.dtype)
    half_pixel = xp.asarray(0.5 / np.array(size, float), dtype=mesh.dtype)
    half_pixel = xp.broadcast_to(half_pixel, points.shape)
    return source_positions(mesh, points - half_pixel) + half_pixel


def source_positions(mesh: quaternion.Array, target: quaternion.Array) -> quaternion.Array:
    """Return the source point of each output point.

    Args:
        mesh: see `backward_grid`.
        target: [..., 2], output points (x, y) in the mesh's convention.

    Returns:
        [..., 2], source points (x, y) likewise; outside [0, 1] where the output shows nothing of
        the frame.
    """
    xp = quaternion.array_namespace(mesh, target)
    affine, cells = _inverse_affine(mesh), _cells(mesh)
    position = target @ affine[:2] + xp.broadcast_to(affine[2], target.shape)
    for _ in range(_NEWTON_STEPS):
        landed, along_x, along_y = _land(cells, position)
        position = position - _solve(along_x, along_y, landed - target)
    return position


def _inverse_affine(mesh: quaternion.Array) -> quaternion.Array:
    """Return the 3 × 2 matrix from (x′, y′, 1) to (u, v) that fits the mesh in least squares.

    It is the initial guess, good also for a large roll or zoom.
    """
    xp = quaternion.array_namespace(mesh)
    landed = mesh[..., :2].reshape(-1, 2)
    landed = xp.concatenate([landed, xp.ones_like(landed[:, :1])], axis=-1)
    vertices = mesh[..., 2:].reshape(-1, 2)
    return xp.linalg.solve(landed.T @ landed, landed.T @ vertices)


def _cells(mesh: quaternion.Array) -> quaternion.Array:
    """Return each cell's bilinear coefficients, [row, column, 4, 2].

    These are the position of its first corner, the differences along its upper and along its left
    side, and the difference of its lower side from its upper one.
    """
    xp = quaternion.array_namespace(mesh)
    upper = mesh[:, 1:, :2] - mesh[:, :-1, :2]
    drop = mesh[1:, :-1, :2] - mesh[:-1, :-1, :2]
    return xp.stack([mesh[:-1, :-1, :2], upper[:-1], drop, upper[1:] - upper[:-1]], axis=2)


def _land(
    cells: quaternion.Array, position: quaternion.Array
) -> tuple[quaternion.Array, quaternion.Array, quaternion.Array]:
    """Return the output positions of source points, and their derivatives by x and by y.

    The map is bilinear within a cell of the mesh; beyond the frame the outermost cells extrapolate.
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
