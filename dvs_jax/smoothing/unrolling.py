"""Unrolls a path of rotations to a curve in a tangent space, and back."""

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion

Turn = Float[np.ndarray, "frame 3"]
"""An unrolled path: rotation vectors in radians."""


def unroll(pose: Float[np.ndarray, "frame 4"]) -> tuple[Turn, Float[np.ndarray, "frame 4"]]:
    """Roll the rotations along the path, without slipping or twisting, onto a tangent space.

    Unrolling (Jupp and Kent, "Fitting smooth paths to spherical data", 1987) carries each step from
    frame to frame back to the first pose by parallel transport, which on SO(3) turns a vector by
    half of the rotation passed, and adds the steps up. Unlike a plain sum of angular velocities,
    this is torsion-free: a change of angle C that `roll_back` applies to a shaking pose leaves
    only C²/12 of the shake behind.

    Args:
        pose: unit quaternions [x, y, z, w], world to camera, of either sign.

    Returns:
        The unrolled path in radians, zero at the first frame, and the unit quaternions that carry
        one of its vectors to the camera's axes at each frame.
    """
    turn = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    step = quaternion.to_rotation_vector(turn)
    half_turn = quaternion.from_rotation_vector(step / 2.0)
    carry = quaternion.accumulate(np.concatenate([quaternion.identity((1,)), half_turn]))
    carried_back = quaternion.rotate(quaternion.conjugate(carry[1:]), step)
    return np.concatenate([np.zeros((1, 3)), np.cumsum(carried_back, axis=0)]), carry


def roll_back(
    pose: Float[np.ndarray, "frame 4"], carry: Float[np.ndarray, "frame 4"], change: Turn
) -> Float[np.ndarray, "frame 4"]:
    """Return the poses [x, y, z, w] after a change, in radians, of the path unrolled from them."""
    in_camera = quaternion.rotate(carry, change)
    return quaternion.multiply(quaternion.from_rotation_vector(in_camera), pose)
