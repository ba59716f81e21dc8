"""Limits the rotation of our own networks' virtual camera from the real one.

The limit keeps the frame covered whatever the network predicts, online and without more look-ahead:
small rotations are unchanged, larger ones are compressed smoothly towards the limit. It is part of
the training graph, so that a network learns to stay below it.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.camera import Camera

MARGIN = 0.1
"""Share of the frame that may be cropped at each side, at strength 1."""

FOCAL_X, FOCAL_Y = 1 / 1.27, 16 / 9 / 1.27
"""Focal length in widths and in heights of the frame for which strength 1 is defined: DVS's."""

HALF_ASPECT = 8 / 9
"""Half of that frame's width over its height: how far a roll moves a corner, per radian."""

FREE_SHARE = 0.7
"""Share of the limit up to which a rotation is unchanged."""

_ROUNDING = 0.005
"""In shares of the frame: smooths the maximum of the horizontal and the vertical margin used."""

_SMALLEST_RAD = 1e-4


def limited(
    pose: Float[Array, "4"], camera: Float[Array, "4"], strength: Float[Array, ""]
) -> Float[Array, "4"]:
    """Return a virtual pose limited to the reach around the real pose.

    Args:
        pose: the virtual pose to limit, [x, y, z, w], world to camera.
        camera: the real pose at the same time.
        strength: factor on the limit (see `rollout.StepFeatures`).
    """
    away = quaternion.to_rotation_vector(quaternion.multiply(pose, quaternion.conjugate(camera)))
    used = used_share(away / strength)
    end = 1.0 - FREE_SHARE
    held = FREE_SHARE + end * jnp.tanh((used - FREE_SHARE) / end)
    share = jnp.where(used > FREE_SHARE, held / used, 1.0)
    return quaternion.multiply(quaternion.from_rotation_vector(share * away), camera)


def used_share(away: Float[Array, "3"]) -> Float[Array, ""]:
    """Return the share of the margin that a small rotation vector in radians uses."""
    pitch, yaw, roll = jnp.sqrt(jnp.square(away) + _SMALLEST_RAD**2)
    # A corner moves further than the centre: by perspective also across the rotation.
    above = (FOCAL_Y + 0.25 / FOCAL_Y) * pitch + 0.25 / FOCAL_X * yaw + HALF_ASPECT * roll
    beside = (FOCAL_X + 0.25 / FOCAL_X) * yaw + 0.25 / FOCAL_Y * pitch + roll / (4 * HALF_ASPECT)
    return _ROUNDING * jnp.logaddexp(above / _ROUNDING, beside / _ROUNDING) / MARGIN


def strength_of(crop: float, camera: Camera, size: tuple[int, int]) -> float:
    """Return the strength at which a network stays within a crop.

    Args:
        crop: share of the frame that may be cut off at each side, above 0.
        camera: whose frames they are.
        size: width and height of the frames.
    """
    return crop / MARGIN * field_of_view(camera, size)


def field_of_view(camera: Camera, size: tuple[int, int]) -> float:
    """Return the field of view relative to that of the camera for which strength 1 is defined."""
    (across, down), (width, height) = camera.focal_length, size
    return min(FOCAL_X / across, FOCAL_Y / (down * width / height))
