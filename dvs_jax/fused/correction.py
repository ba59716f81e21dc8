"""What flow tells of the gyro's error, and how a virtual pose is corrected by it.

Warping rotates frames from the gyro's pose g to the virtual pose v. From the camera's true pose
e⁻¹g it would be to the steady pose s: so v g⁻¹ = s (e⁻¹g)⁻¹, and v = s g⁻¹ e g. The error's slow
part, as a bias makes it, is not shake; corrected, it would let the picture lean.

The steady pose does not depend on the error, so the two can be computed one after the other.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.fused.fusion import Fusion, FusionState

SLOW_ERROR_S = 0.5
"""Time constant in seconds of each of two low passes that tell the gyro's slow error from shake."""


class Correction(NamedTuple):
    """The state between frames.

    Attributes:
        fusion: the fusion's.
        slow_error: float32 [stage, 3], the slow part of the gyro's error after each low pass, a
            rotation vector in radians.
    """

    fusion: FusionState
    slow_error: Float[Array, "stage 3"]


def begin(fusion: Fusion) -> Correction:
    """Return the state before a clip: the gyro has no error."""
    return Correction(fusion.initial_state(), jnp.zeros((2, 3)))


def after(
    fusion: Fusion,
    before: Correction,
    gyro_turns: Float[Array, "offset 3"],
    told: Float[Array, "5"],
    interval_s: Float[Array, ""],
) -> tuple[Correction, Float[Array, "3"]]:
    """Return the state after one more frame, and the camera's rotation; see `Fusion`."""
    fused, camera_turn = fusion(before.fusion, gyro_turns, told, interval_s)
    share = 1.0 - jnp.exp(-interval_s / SLOW_ERROR_S)
    first, second = before.slow_error
    first = first + share * (quaternion.to_rotation_vector(fused.error) - first)
    slow = jnp.stack([first, second + share * (first - second)])
    return Correction(fused, slow), camera_turn


def rotation(correction: Correction, camera: Float[Array, "4"]) -> Float[Array, "4"]:
    """Return g⁻¹ e g, which a steady pose is multiplied by; e without its slow part.

    Args:
        correction: the state at the frame.
        camera: the gyro's pose g at the frame, [x, y, z, w], world to camera.
    """
    slow = quaternion.from_rotation_vector(correction.slow_error[-1])
    fast = quaternion.multiply(quaternion.conjugate(slow), correction.fusion.error)
    return quaternion.multiply(quaternion.conjugate(camera), quaternion.multiply(fast, camera))
