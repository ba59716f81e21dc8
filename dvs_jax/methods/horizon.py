"""A level horizon: the virtual camera turned about its optical axis until gravity points down."""

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax import quaternion
from dvs_jax.clip import Clip
from dvs_jax.methods.covered_path import Levels
from dvs_jax.methods.method import accelerometer_of
from dvs_jax.sensors.gravity import up_at

STEEP, STEEPEST = 0.4, 0.2
"""Share of gravity within the picture's plane from which on, and below which not at all, the
camera is turned: where it looks straight up or down there is no horizon."""


def level(clip: Clip, levels: Iterable[Levels]) -> Iterator[Levels]:
    """Yield poses with a level horizon; the first level, the real one, stays as it is.

    What the crop does not allow the limit to cover takes back.

    Args:
        clip: whose frames they are, with an accelerometer's log.
        levels: all frames' poses, in chunks of any length.

    Raises:
        InputError: there is no accelerometer's log.
    """
    up = up_at(accelerometer_of(clip), clips.recorded(clip).gyro, clips.center_time_ns(clip))
    start = 0
    for poses in levels:
        end = start + poses.shape[1]
        yield np.concatenate([poses[:1], levelled(poses[1:], up[None, start:end])])
        start = end


def levelled(
    pose: Float[np.ndarray, "*batch 4"], up: Float[np.ndarray, "*batch 3"]
) -> Float[np.ndarray, "*batch 4"]:
    """Return poses turned about their optical axis so that `up` shows upwards.

    Args:
        pose: [x, y, z, w], world to camera (x right, y down, z forward).
        up: unit vectors in the world's coordinates.
    """
    x, y, _ = np.moveaxis(
        quaternion.rotate(pose, np.broadcast_to(up, (*pose.shape[:-1], 3))), -1, 0
    )
    there = np.clip((np.hypot(x, y) - STEEPEST) / (STEEP - STEEPEST), 0.0, 1.0)
    angle = np.arctan2(-x, -y) * there * there * (3.0 - 2.0 * there)
    turn = quaternion.from_rotation_vector(angle[..., None] * np.array([0.0, 0.0, 1.0]))
    return quaternion.multiply(turn, pose)
