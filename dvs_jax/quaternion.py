"""Quaternion algebra on arrays [x, y, z, w].

Hamilton product, unit norm; `multiply(q, p)` rotates by p first, then by q. Every function works on
the last axis, broadcasts over the leading ones, and is differentiable with finite gradients
everywhere, also at the identity, at 180° and at zero norm (both branches of each `where` are kept
finite). NumPy arrays in, NumPy arrays out in their own precision (float64 on the host); with a JAX
array among the inputs the same formulas run in JAX.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

# NumPy in, NumPy out; JAX in, JAX out: a union type would hide this relation from callers.
Array = Any

SMALLEST_NORM = 1e-6
"""A quaternion of a smaller norm normalises to the identity."""

LINEAR_ABOVE = 0.9995
"""|dot product| above which slerp interpolates linearly (the sine of the angle is too small)."""

_SMALL_SQUARED = 1e-8
"""Squared half angle below which series replace sin(x)/x and its inverse."""


def array_namespace(*arrays: Array) -> Any:
    """Return `jax.numpy` if there is a JAX array among the arguments, else `numpy`."""
    return jnp if any(isinstance(array, jax.Array) for array in arrays) else np


def identity(shape: tuple[int, ...] = ()) -> Float[np.ndarray, "*shape 4"]:
    """Return identity quaternions, float64 [*shape, 4]."""
    return np.broadcast_to(np.array([0.0, 0.0, 0.0, 1.0]), (*shape, 4))


def multiply(q: Float[Array, "*batch 4"], p: Float[Array, "*batch 4"]) -> Float[Array, "*batch 4"]:
    """Return the Hamilton product q ⊗ p: the rotation p followed by the rotation q.

    Args:
        q: quaternions [x, y, z, w].
        p: likewise.

    Returns:
        Their product [x, y, z, w], of unit norm where both are.
    """
    xp = array_namespace(q, p)
    qx, qy, qz, qw = (q[..., i] for i in range(4))
    px, py, pz, pw = (p[..., i] for i in range(4))
    return xp.stack(
        [
            qw * px + qx * pw + qy * pz - qz * py,
            qw * py - qx * pz + qy * pw + qz * px,
            qw * pz + qx * py - qy * px + qz * pw,
            qw * pw - qx * px - qy * py - qz * pz,
        ],
        axis=-1,
    )


def accumulate(factor: Float[np.ndarray, "*batch step 4"]) -> Float[np.ndarray, "*batch step 4"]:
    """Return factor_i ⊗ … ⊗ factor_0 for every step i, on the host.

    A parallel prefix product in log₂(steps) products of whole arrays (Hillis and Steele, "Data
    parallel algorithms", 1986).

    Args:
        factor: unit quaternions [x, y, z, w], the earliest rotation first.

    Returns:
        Unit quaternions [x, y, z, w], of the factors' precision.
    """
    product, reach = factor, 1
    while reach < factor.shape[-2]:
        later = multiply(product[..., reach:, :], product[..., :-reach, :])
        product = np.concatenate([product[..., :reach, :], later], axis=-2)
        reach *= 2
    return normalize(product)


def conjugate(q: Float[Array, "*batch 4"]) -> Float[Array, "*batch 4"]:
    """Return the inverse rotations [x, y, z, w] of unit quaternions [x, y, z, w]."""
    xp = array_namespace(q)
    return xp.concatenate([-q[..., :3], q[..., 3:]], axis=-1)


def normalize(q: Float[Array, "*batch 4"]) -> Float[Array, "*batch 4"]:
    """Return q with unit norm, or the identity where the norm is below `SMALLEST_NORM`.

    Args:
        q: quaternions [x, y, z, w] of any norm.

    Returns:
        Unit quaternions [x, y, z, w].
    """
    xp = array_namespace(q)
    squared = (q * q).sum(axis=-1, keepdims=True)
    vanishes = squared < SMALLEST_NORM**2
    unit = q / xp.sqrt(xp.where(vanishes, 1.0, squared))
    return xp.where(vanishes, xp.asarray(identity(q.shape[:-1]), dtype=unit.dtype), unit)


def slerp(
    start: Float[Array, "*batch 4"], end: Float[Array, "*batch 4"], ratio: Float[Array, "*batch"]
) -> Float[Array, "*batch 4"]:
    """Interpolate along the great circle, the short way round.

    Args:
        start: unit quaternions [x, y, z, w] where ratio is 0.
        end: unit quaternions [x, y, z, w] where ratio is 1.
        ratio: share of the angle from start to end, clamped to [0, 1].

    Returns:
        Unit quaternions [x, y, z, w].
    """
    xp = array_namespace(start, end, ratio)
    ratio = xp.clip(ratio, 0.0, 1.0)
    dot = (start * end).sum(axis=-1)
    nearer = xp.where(dot < 0.0, -1.0, 1.0)
    dot = dot * nearer
    linear = dot > LINEAR_ABOVE
    angle = xp.arccos(xp.where(linear, 0.0, dot))
    sine = xp.sin(angle)
    from_start = xp.where(linear, 1.0 - ratio, xp.sin((1.0 - ratio) * angle) / sine)
    from_end = xp.where(linear, ratio, xp.sin(ratio * angle) / sine) * nearer
    return normalize(from_start[..., None] * start + from_end[..., None] * end)


def to_matrix(q: Float[Array, "*batch 4"]) -> Float[Array, "*batch 3 3"]:
    """Return the rotation matrices of unit quaternions [x, y, z, w].

    Returns:
        [row, column], to be multiplied with column vectors (x, y, z) from the left.
    """
    xp = array_namespace(q)
    x, y, z, w = (q[..., i] for i in range(4))
    entries = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - z * w),
        2 * (x * z + y * w),
        2 * (x * y + z * w),
        1 - 2 * (x * x + z * z),
        2 * (y * z - x * w),
        2 * (x * z - y * w),
        2 * (y * z + x * w),
        1 - 2 * (x * x + y * y),
    ]
    return xp.stack(entries, axis=-1).reshape(*q.shape[:-1], 3, 3)


def from_matrix(matrix: Float[Array, "*batch 3 3"]) -> Float[Array, "*batch 4"]:
    """Return the unit quaternions [x, y, z, w] of rotation matrices [row, column], with w ≥ 0.

    The sums and differences of the matrix's entries are 4·q·qᵀ; its row with the largest diagonal
    is q up to its length, and that row's length is at least 1 whatever the rotation (Shepperd,
    "Quaternion from rotation matrix", 1978), so no branch divides by zero.
    """
    xp = array_namespace(matrix)
    m = [[matrix[..., row, column] for column in range(3)] for row in range(3)]
    xy, xz, yz = m[0][1] + m[1][0], m[0][2] + m[2][0], m[1][2] + m[2][1]
    xw, yw, zw = m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]
    rows = [
        [1 + m[0][0] - m[1][1] - m[2][2], xy, xz, xw],
        [xy, 1 - m[0][0] + m[1][1] - m[2][2], yz, yw],
        [xz, yz, 1 - m[0][0] - m[1][1] + m[2][2], zw],
        [xw, yw, zw, 1 + m[0][0] + m[1][1] + m[2][2]],
    ]
    outer = xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)
    diagonal = xp.stack([rows[i][i] for i in range(4)], axis=-1)
    largest = xp.argmax(diagonal, axis=-1)[..., None, None]
    q = normalize(xp.take_along_axis(outer, largest, axis=-2)[..., 0, :])
    return q * xp.where(q[..., 3:] < 0.0, -1.0, 1.0)


def to_rotation_vector(q: Float[Array, "*batch 4"]) -> Float[Array, "*batch 3"]:
    """Return the rotation vectors of unit quaternions [x, y, z, w].

    Returns:
        Unit axis (x, y, z) times angle in radians, the angle in [0, π].
    """
    xp = array_namespace(q)
    q = q * xp.where(q[..., 3:] < 0.0, -1.0, 1.0)
    squared = (q[..., :3] ** 2).sum(axis=-1, keepdims=True)
    small = squared < _SMALL_SQUARED
    sine = xp.sqrt(xp.where(small, 1.0, squared))
    angle = 2.0 * xp.arctan2(sine, q[..., 3:])
    return q[..., :3] * xp.where(small, 2.0 + squared / 3.0, angle / sine)


def from_rotation_vector(vector: Float[Array, "*batch 3"]) -> Float[Array, "*batch 4"]:
    """Return the unit quaternions [x, y, z, w] of rotation vectors.

    Args:
        vector: unit axis (x, y, z) times angle in radians, of any length.
    """
    xp = array_namespace(vector)
    squared = (vector * vector).sum(axis=-1, keepdims=True) / 4.0
    small = squared < _SMALL_SQUARED
    half = xp.sqrt(xp.where(small, 1.0, squared))
    scale = xp.where(small, 0.5 - squared / 12.0, 0.5 * xp.sin(half) / half)
    cosine = xp.where(small, 1.0 - squared / 2.0, xp.cos(half))
    return xp.concatenate([vector * scale, cosine], axis=-1)


def rotate(
    q: Float[Array, "*batch 4"], vector: Float[Array, "*batch 3"]
) -> Float[Array, "*batch 3"]:
    """Return the vectors rotated by unit quaternions (world to camera for a pose quaternion).

    Args:
        q: unit quaternions [x, y, z, w].
        vector: (x, y, z) in any unit.

    Returns:
        (x, y, z) in the same unit.
    """
    return (to_matrix(q) @ vector[..., None])[..., 0]


def angle_between(
    q: Float[Array, "*batch 4"], p: Float[Array, "*batch 4"]
) -> Float[Array, "*batch"]:
    """Return the angle of the rotation that takes p to q.

    Args:
        q: unit quaternions [x, y, z, w].
        p: likewise.

    Returns:
        Radians in [0, π].
    """
    xp = array_namespace(q, p)
    relative = multiply(q, conjugate(p))
    squared = (relative[..., :3] ** 2).sum(axis=-1)
    vanishes = squared == 0.0
    sine = xp.where(vanishes, 0.0, xp.sqrt(xp.where(vanishes, 1.0, squared)))
    return 2.0 * xp.arctan2(sine, xp.where(vanishes, 1.0, xp.abs(relative[..., 3])))
