"""How far our own networks' virtual camera may turn away from the real one.

Whatever a network answers, the frame stays covered, online and without looking further ahead: far
inside its reach a turn is left as it is, towards the end it is held back ever more, smoothly, and
training goes through it, so that a network learns to keep away from the end.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.camera import Camera

MARGIN = 0.1
"""Share of the frame at each side that may be used up, at strength 1."""

FOCAL_X, FOCAL_Y = 1 / 1.27, 16 / 9 / 1.27
"""Focal length in widths and in heights of the frame for which strength 1 is meant: DVS's."""

HALF_ASPECT = 8 / 9
"""Half the width of that frame in heights: how far a roll lowers a corner, per radian."""

FREE_SHARE = 0.7
"""Share of the reach within which a turn is left alone."""

_ROUNDING = 0.005
"""In shares of the frame: rounds off the corner where the sides and the top are equally near."""

_SMALLEST_RAD = 1e-4


def limited(
    pose: Float[Array, "4"], camera: Float[Array, "4"], strength: Float[Array, ""]
) -> Float[Array, "4"]:
    """Return a virtual pose held within reach of the camera's.

    Args:
        pose: the virtual pose that is wanted, [x, y, z, w], world to camera.
        camera: the camera's pose at the same time.
        strength: factor on the reach (see `rollout.StepFeatures`).
    """
    away = quaternion.to_rotation_vector(quaternion.multiply(pose, quaternion.conjugate(camera)))
    used = used_share(away / strength)
    end = 1.0 - FREE_SHARE
    held = FREE_SHARE + end * jnp.tanh((used - FREE_SHARE) / end)
    share = jnp.where(used > FREE_SHARE, held / used, 1.0)
    return quaternion.multiply(quaternion.from_rotation_vector(share * away), camera)


def used_share(away: Float[Array, "3"]) -> Float[Array, ""]:
    """Return how much of the margin a small turn, a rotation vector in radians, uses up."""
    pitch, yaw, roll = jnp.sqrt(jnp.square(away) + _SMALLEST_RAD**2)
    # A corner moves further than the middle: by perspective, also across the turn.
    above = (FOCAL_Y + 0.25 / FOCAL_Y) * pitch + 0.25 / FOCAL_X * yaw + HALF_ASPECT * roll
    beside = (FOCAL_X + 0.25 / FOCAL_X) * yaw + 0.25 / FOCAL_Y * pitch + roll / (4 * HALF_ASPECT)
    return _ROUNDING * jnp.logaddexp(above / _ROUNDING, beside / _ROUNDING) / MARGIN


def strength_of(crop: float, camera: Camera, size: tuple[int, int]) -> float:
    """Return the strength with which a network keeps within a crop.

    Args:
        crop: share of the frame that may be cut off at each side, above 0.
        camera: whose frames they are.
        size: width and height of the frames.
    """
    return crop / MARGIN * field_of_view(camera, size)


def field_of_view(camera: Camera, size: tuple[int, int]) -> float:
    """Return how many times as large a turn moves the picture as far as strength 1 is meant for."""
    (across, down), (width, height) = camera.focal_length, size
    return min(FOCAL_X / across, FOCAL_Y / (down * width / height))
