"""Backward grids: the source point of each of regularly spaced output points.

A grid is what a stabilisation method yields for a frame (`methods.Frame.source`): a backward map,
[rows, columns, 2], (x, y) as fractions of the source frame's width and height, for output points
the first and last of which lie on the frame's edges. It is interpolated bilinearly between points.
The functions run in NumPy and in JAX.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion

_POINT_SPACING = 32
"""Full HD pixels between output points: the bilinear grid of a rotation then errs by 0.02 pixel."""

_FEWEST, _MOST = 18, 61
"""Points along an axis: enough for the rolling shutter of small frames, no more for large ones."""


def shape_for(size: tuple[int, int]) -> tuple[int, int]:
    """Return the number of rows and columns of a grid for frames of a width and height."""
    width, height = (min(max(-(-side // _POINT_SPACING) + 1, _FEWEST), _MOST) for side in size)
    return height, width


@lru_cache(8)
def output_points(rows: int, columns: int) -> Float[np.ndarray, "rows columns 2"]:
    """Return the output points of a grid, (x, y) as fractions of the frame, float64; read-only.

    Taken as source points they are the identity grid.
    """
    x, y = np.meshgrid(np.linspace(0.0, 1.0, columns), np.linspace(0.0, 1.0, rows))
    points = np.stack([x, y], axis=-1)
    points.flags.writeable = False
    return points


def at(
    source: Float[quaternion.Array, "rows columns 2"],
    y: Float[quaternion.Array, "down"],
    x: Float[quaternion.Array, "across"],
) -> Float[quaternion.Array, "down across 2"]:
    """Return the source points of the output points at all pairs of a y and an x.

    Args:
        source: a grid.
        y: as fractions of the output's height; outside [0, 1] the outermost cells extrapolate.
        x: likewise of its width.
    """
    return _between(_between(source, y, 0), x, 1)


def at_points(
    source: Float[quaternion.Array, "rows columns 2"],
    y: Float[quaternion.Array, "point"],
    x: Float[quaternion.Array, "point"],
) -> Float[quaternion.Array, "point 2"]:
    """Return the source points of output points (x, y), as fractions of the output."""
    xp = quaternion.array_namespace(source, y, x)
    rows, columns = source.shape[:2]
    down, across = y * (rows - 1), x * (columns - 1)
    row = xp.clip(xp.floor(down), 0, rows - 2).astype(int)
    column = xp.clip(xp.floor(across), 0, columns - 2).astype(int)
    below, beside = (down - row)[:, None], (across - column)[:, None]
    upper, lower = (
        source[row + step, column] * (1 - beside) + source[row + step, column + 1] * beside
        for step in (0, 1)
    )
    return upper + (lower - upper) * below


def _between(
    source: quaternion.Array, position: Float[quaternion.Array, "point"], axis: int
) -> quaternion.Array:
    xp = quaternion.array_namespace(source, position)
    last = source.shape[axis] - 1
    first = xp.clip(xp.floor(position * last), 0, last - 1).astype(int)
    share = (position * last - first).astype(source.dtype)
    before, after = xp.take(source, first, axis), xp.take(source, first + 1, axis)
    shape = [1, 1, 1]
    shape[axis] = len(position)
    return before + (after - before) * xp.broadcast_to(share.reshape(shape), before.shape)


def central(
    source: Float[quaternion.Array, "rows columns 2"], kept: Float[quaternion.Array, ""] | float
) -> Float[quaternion.Array, "rows columns 2"]:
    """Return the grid of the output's central fraction `kept` of each axis, scaled to fill it."""
    xp = quaternion.array_namespace(source)
    rows, columns = source.shape[:2]
    down, across = (
        0.5 + (xp.linspace(0.0, 1.0, points, dtype=source.dtype) - 0.5) * kept
        for points in (rows, columns)
    )
    return at(source, down, across)


def blend(
    source: Float[quaternion.Array, "*frame rows columns 2"],
    position: Float[quaternion.Array, "*frame"],
) -> Float[quaternion.Array, "*frame rows columns 2"]:
    """Interpolate linearly between the identity grid (position 0) and those given (1)."""
    xp = quaternion.array_namespace(source, position)
    identity = xp.asarray(output_points(*source.shape[-3:-1]), dtype=source.dtype)
    identity = xp.broadcast_to(identity, source.shape)
    share = xp.broadcast_to(position[..., None, None, None].astype(source.dtype), source.shape)
    return identity + share * (source - identity)


def resized(
    source: Float[np.ndarray, "rows columns 2"], shape: tuple[int, int]
) -> Float[np.ndarray, "down across 2"]:
    """Return a grid resampled to a number of rows and columns, itself where it has these."""
    if source.shape[:2] == shape:
        return source
    return at(source, *(np.linspace(0.0, 1.0, points) for points in shape))
