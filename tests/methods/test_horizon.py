import dataclasses

import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import quaternion
from dvs_jax.errors import InputError
from dvs_jax.methods import Smoothed, require
from dvs_jax.methods.horizon import levelled
from dvs_jax.sensors.log import AccelerometerLog
from dvs_jax.stabilization.models import load_model

UP = np.array([0.0, -1.0, 0.0])
"""The world's, where the camera's y points down."""


def turned(x_deg, y_deg, z_deg):
    return quaternion.from_rotation_vector(np.radians([x_deg, y_deg, z_deg]))


def test_a_leaning_camera_is_turned_level_and_looks_the_same_way():
    pose = quaternion.multiply(turned(0, 0, 7), turned(20, 30, 0))
    up = quaternion.rotate(level := levelled(pose, UP), UP)
    np.testing.assert_allclose(up[0], 0.0, atol=1e-12)
    assert up[1] < -0.9
    turn = quaternion.multiply(level, quaternion.conjugate(pose))
    np.testing.assert_allclose(turn[:2], 0.0, atol=1e-12)


def test_straight_down_there_is_no_horizon():
    pose = quaternion.multiply(turned(0, 0, 40), turned(88, 0, 0))
    np.testing.assert_allclose(levelled(pose, UP), pose, atol=1e-12)


def with_accelerometer(clip, lean_deg):
    """A clip whose camera leans by an angle about its optical axis."""
    log = clip.sensors
    up = quaternion.rotate(turned(0, 0, lean_deg), UP)
    measured = quaternion.rotate(log.gyro.quaternion, np.tile(up, (len(log.gyro), 1)))
    accelerometer = AccelerometerLog(log.gyro.time_ns, 9.81 * measured)
    return dataclasses.replace(clip, sensors=dataclasses.replace(log, accelerometer=accelerometer))


@pytest.mark.parametrize("model", [None, "gyro_only"])
def test_the_output_of_a_leaning_camera_is_level(walk, model):
    clip = with_accelerometer(clips.load_clip(walk), 3.0)
    method = dataclasses.replace(load_model(model) if model else Smoothed(), horizon_lock=True)
    require(method, clip)
    pose = np.stack([frame.pose for frame in method.frames(clip, iter(()), 0.2)])
    world_up = quaternion.rotate(turned(0, 0, 3.0), UP)
    up = quaternion.rotate(pose, np.tile(world_up, (len(pose), 1)))
    lean = np.degrees(np.arctan2(up[:, 0], -up[:, 1]))
    assert np.abs(lean).max() < 0.01


def test_without_an_accelerometer_the_error_says_so(walk):
    with pytest.raises(InputError, match="a level horizon needs an accelerometer, and none is"):
        require(Smoothed(horizon_lock=True), clips.load_clip(walk))
