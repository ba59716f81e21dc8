"""Directions on the sphere around a viewer, in the frame of the equirectangular picture.

A direction is a unit vector (x, y, z) = (cos θ sin φ, sin θ sin φ, cos φ): the azimuth θ in [0, 2π)
grows rightwards from the picture's left edge, the polar angle φ in [0, π] downwards from its top.
The frame is left-handed, as Unity's is. Angles are radians. Every function works on the last axis,
broadcasts over the leading ones, and takes NumPy arrays in their own precision or JAX arrays.
"""

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion
from dvs_jax.quaternion import Array, array_namespace

FORWARD = 0.5
"""Share of the picture's width at which most players show what lies ahead (yaw 0)."""

Angles = tuple[Float[Array, "*batch"], Float[Array, "*batch"]]


def from_angles(
    azimuth: Float[Array, "*batch"], polar: Float[Array, "*batch"]
) -> Float[Array, "*batch 3"]:
    """Return the directions of an azimuth θ and a polar angle φ."""
    xp = array_namespace(azimuth, polar)
    sine = xp.sin(polar)
    return xp.stack([xp.cos(azimuth) * sine, xp.sin(azimuth) * sine, xp.cos(polar)], axis=-1)


def to_angles(direction: Float[Array, "*batch 3"]) -> Angles:
    """Return the azimuth θ in [0, 2π) and the polar angle φ; directions need no unit length."""
    xp = array_namespace(direction)
    x, y, z = (direction[..., axis] for axis in range(3))
    return xp.arctan2(y, x) % (2.0 * math.pi), xp.arctan2(xp.hypot(x, y), z)


def from_yaw_pitch(
    yaw: Float[Array, "*batch"], pitch: Float[Array, "*batch"], forward: float = FORWARD
) -> Float[Array, "*batch 3"]:
    """Return the directions of a yaw to the right and a pitch upwards.

    Args:
        yaw: 0 ahead.
        pitch: 0 at the horizon.
        forward: share of the picture's width at which yaw is 0.
    """
    return from_angles(2.0 * math.pi * forward + yaw, math.pi / 2.0 - pitch)


def to_yaw_pitch(direction: Float[Array, "*batch 3"], forward: float = FORWARD) -> Angles:
    """Return the yaw in [−π, π) and the pitch, as `from_yaw_pitch` takes them."""
    azimuth, polar = to_angles(direction)
    yaw = (azimuth - 2.0 * math.pi * forward + math.pi) % (2.0 * math.pi) - math.pi
    return yaw, math.pi / 2.0 - polar


def from_unity(v: Float[Array, "*batch 3"], forward: float = FORWARD) -> Float[Array, "*batch 3"]:
    """Return what vectors in Unity's axes (x right, y up, z ahead) are in the picture's frame.

    Args:
        v: in Unity's axes.
        forward: share of the picture's width at which Unity's z axis lies.
    """
    xp = array_namespace(v)
    cosine, sine = _cosine_sine(forward)
    right, up, ahead = (v[..., axis] for axis in range(3))
    return xp.stack([cosine * ahead - sine * right, sine * ahead + cosine * right, up], axis=-1)


def from_unity_rotation(
    rotation: Float[Array, "*batch 4"], forward: float = FORWARD
) -> Float[Array, "*batch 3"]:
    """Return where heads look whose rotations are logged in Unity's axes.

    Args:
        rotation: unit quaternions [x, y, z, w].
        forward: as `from_unity` takes it.
    """
    xp = array_namespace(rotation)
    x, y, z, w = (rotation[..., part] for part in range(4))
    ahead = [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)]
    return from_unity(xp.stack(ahead, axis=-1), forward)


def unity_rotation(
    yaw: Float[Array, "*batch"], down: Float[Array, "*batch"], roll: Float[Array, "*batch"]
) -> Float[Array, "*batch 4"]:
    """Return the rotation [x, y, z, w] of Unity's Euler angles, applied in the order z, x, y.

    Args:
        yaw: about y, to the right.
        down: about x; Unity counts the pitch downwards.
        roll: about z.
    """
    about_y, about_x, about_z = (_about(a, i) for a, i in ((yaw, 1), (down, 0), (roll, 2)))
    return quaternion.multiply(quaternion.multiply(about_y, about_x), about_z)


def to_pixel(direction: Float[Array, "*batch 3"], width: int, height: int) -> Angles:
    """Return the row and the column, whole numbers at pixel centres, of an equirectangular picture.

    Columns are in [−½, width − ½).
    """
    azimuth, polar = to_angles(direction)
    return polar * height / math.pi - 0.5, azimuth * width / (2.0 * math.pi) - 0.5


def pixel_directions(height: int, width: int) -> Float[np.ndarray, "height width 3"]:
    """Return the directions of the pixel centres of an equirectangular picture, float64."""
    polar = math.pi * (np.arange(height) + 0.5) / height
    azimuth = 2.0 * math.pi * (np.arange(width) + 0.5) / width
    return from_angles(*np.meshgrid(azimuth, polar))


def normalize(vector: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
    """Return vectors of length 1; a vector of length 0 stays so, with gradient 0."""
    xp = array_namespace(vector)
    squared = (vector * vector).sum(axis=-1, keepdims=True)
    return vector / xp.sqrt(xp.where(squared > 0.0, squared, 1.0))


def distance(a: Float[Array, "*batch 3"], b: Float[Array, "*batch 3"]) -> Float[Array, "*batch"]:
    """Return the angle between vectors of any length, in [0, π].

    It is exact near 0 and π, where an arccosine is not, and its gradient there is 0.
    """
    xp = array_namespace(a, b)
    cross = xp.cross(a, b)
    squared = (cross * cross).sum(axis=-1)
    apart = squared > 0.0
    sine = xp.where(apart, xp.sqrt(xp.where(apart, squared, 1.0)), 0.0)
    return xp.arctan2(sine, (a * b).sum(axis=-1))


def tangent(a: Float[Array, "*batch 3"], b: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
    """Return the unit tangent at `a` of the great circle towards `b`, 0 where there is none."""
    return normalize(b - (a * b).sum(axis=-1, keepdims=True) * a)


def along(
    start: Float[Array, "*batch 3"],
    heading: Float[Array, "*batch 3"],
    angle: Float[Array, "*batch"],
) -> Float[Array, "*batch 3"]:
    """Return where a great circle leads.

    Args:
        start: unit vectors.
        heading: unit tangents there; where one is 0, the start is returned.
        angle: how far.
    """
    xp = array_namespace(start, heading, angle)
    still = (heading * heading).sum(axis=-1, keepdims=True) == 0.0
    angle = xp.where(still, 0.0, angle[..., None])
    return xp.cos(angle) * start + xp.sin(angle) * heading


def slerp(
    a: Float[Array, "*batch 3"], b: Float[Array, "*batch 3"], share: Float[Array, "*batch"]
) -> Float[Array, "*batch 3"]:
    """Interpolate between unit vectors along the great circle: `a` at share 0, `b` at 1."""
    return along(a, tangent(a, b), share * distance(a, b))


def turned(direction: Float[Array, "*batch 3"], angle: Any) -> Float[Array, "*batch 3"]:
    """Return directions whose azimuths have grown by an angle, a number or [*batch]."""
    xp = array_namespace(direction, angle)
    x, y, z = (direction[..., axis] for axis in range(3))
    cosine, sine = xp.cos(angle), xp.sin(angle)
    return xp.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)


def _cosine_sine(forward: float) -> tuple[float, float]:
    """Cosine and sine of the azimuth of what lies ahead, exact where it is a quarter turn."""
    quarter = 4.0 * forward
    if quarter == int(quarter):
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter) % 4]
    return math.cos(2.0 * math.pi * forward), math.sin(2.0 * math.pi * forward)


def _about(angle: Float[Array, "*batch"], axis: int) -> Float[Array, "*batch 4"]:
    xp = array_namespace(angle)
    parts = [xp.zeros_like(angle)] * 3 + [xp.cos(angle / 2.0)]
    parts[axis] = xp.sin(angle / 2.0)
    return xp.stack(parts, axis=-1)
