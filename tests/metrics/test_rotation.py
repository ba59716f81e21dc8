"""How much known rotations shake."""

import dataclasses
import math

import numpy as np
import pytest

from dvs_jax import metrics, quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from tests.metrics.videos import about_axis, measure, rolled, times

pytestmark = pytest.mark.filterwarnings("error")


def _uneven_times(frames: int) -> np.ndarray:
    random = np.random.default_rng(5)
    jitter = np.rint(random.uniform(-4e6, 4e6, frames)).astype(np.int64)
    # One frame in twenty is dropped, as phones do.
    return np.delete(times(frames) + jitter, np.arange(7, frames, 20))


def _seconds(time_ns: np.ndarray) -> np.ndarray:
    return (time_ns - time_ns[0]) * 1e-9


@pytest.mark.slow
def test_shaking_and_swaying_frames():
    time_s = np.arange(24) / 15.0
    shaking = 0.5 * np.sin(2 * np.pi * 5.0 * time_s)
    swaying = 2.0 * np.sin(2 * np.pi * 0.7 * time_s)
    table = measure(iter(rolled(shaking)), iter(rolled(swaying)), rate=15.0)
    assert table.input.stability_rotation_corrected < 0.2
    assert table.output.stability_rotation_corrected > 0.9
    assert table.input.rotation_jitter_deg == pytest.approx(0.5 / math.sqrt(2), rel=0.05)
    assert table.output.rotation_jitter_deg < 0.1
    assert table.output.stability_mean == pytest.approx(
        (table.output.stability_translation + table.output.stability_rotation) / 2
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("seconds", [2, 6.5, 20])
def test_jitter_of_a_fast_sinusoid_is_its_rms(axis, seconds):
    time_s = np.arange(int(seconds * 30)) / 30.0
    path = about_axis(2.0 * np.sin(2 * np.pi * 5.0 * time_s + 0.4), axis)
    assert metrics.rotation_jitter(path) == pytest.approx(2.0 / math.sqrt(2), rel=2e-3)


def test_jitter_ignores_slow_motion_and_pans():
    time_s = np.arange(600) / 30.0
    slow = 10.0 * np.sin(2 * np.pi * 0.5 * time_s + 0.4)
    pan = 30.0 * time_s
    assert metrics.rotation_jitter(about_axis(slow, 1)) < 0.02
    assert metrics.rotation_jitter(about_axis(pan, 1)) < 1e-6
    assert metrics.angular_jerk(about_axis(pan, 1)) < 0.01
    both = about_axis(slow + pan + np.sin(2 * np.pi * 5.0 * time_s), 1)
    assert metrics.rotation_jitter(both) == pytest.approx(math.sqrt(0.5), rel=2e-3)


def test_jitter_adds_up_over_axes_and_ignores_signs_and_the_world():
    time_s = np.arange(300) / 30.0
    vector = np.zeros((300, 3))
    vector[:, 0] = np.radians(0.3) * np.sin(2 * np.pi * 5.0 * time_s)
    vector[:, 2] = np.radians(0.4) * np.sin(2 * np.pi * 4.0 * time_s)
    pose = quaternion.from_rotation_vector(vector)
    world = quaternion.from_rotation_vector(np.array([2.0, -1.0, 0.5]))
    moved = quaternion.multiply(pose, np.broadcast_to(world, pose.shape))
    moved[::3] *= -1.0
    for of_path in (metrics.rotation_jitter, metrics.angular_jerk):
        here = of_path(CameraPath(times(300), pose))
        assert of_path(CameraPath(times(300), moved)) == pytest.approx(here, rel=1e-9)
    assert metrics.rotation_jitter(CameraPath(times(300), pose)) == pytest.approx(
        0.5 / math.sqrt(2), rel=5e-3
    )


def test_uneven_frame_times():
    time_ns = _uneven_times(600)
    time_s = _seconds(time_ns)
    fast = about_axis(np.sin(2 * np.pi * 5.0 * time_s), 0, time_ns)
    slow = about_axis(10.0 * np.sin(2 * np.pi * 0.5 * time_s), 0, time_ns)
    assert metrics.rotation_jitter(fast) == pytest.approx(math.sqrt(0.5), rel=0.03)
    assert metrics.rotation_jitter(slow) < 0.02
    assert metrics.angular_jerk(slow) == pytest.approx(10.0 * np.pi**3 / math.sqrt(2), rel=0.05)


@pytest.mark.parametrize("hertz", [0.5, 1.0, 5.0, 10.0])
def test_jerk_of_a_sinusoid(hertz):
    time_s = np.arange(3 + 600) / 30.0
    omega = 2 * np.pi * hertz
    half_step = omega / 60.0
    path = about_axis(2.0 * np.sin(omega * time_s), 2)
    measured = metrics.angular_jerk(path)
    derivative = 2.0 * omega**3 / math.sqrt(2)
    assert measured == pytest.approx(derivative * (np.sin(half_step) / half_step) ** 3, rel=2e-3)
    if hertz <= 1.0:
        assert measured == pytest.approx(derivative, rel=0.01)


def test_paths_that_cannot_be_measured():
    good = about_axis(np.zeros(60), 0)
    backwards = dataclasses.replace(good, time_ns=good.time_ns[::-1])
    repeated = dataclasses.replace(good, time_ns=np.repeat(good.time_ns[::2], 2))
    broken = dataclasses.replace(good, quaternion=np.full((60, 4), np.nan))
    for path in (backwards, repeated, broken):
        for of_path in (metrics.rotation_jitter, metrics.angular_jerk):
            with pytest.raises(InputError, match="increasing times"):
                of_path(path)
    slow = about_axis(np.zeros(60), 0, times(60, rate=3.0))
    assert math.isnan(metrics.rotation_jitter(slow))
    for count in (0, 1):
        short = CameraPath(good.time_ns[:count], good.quaternion[:count])
        assert math.isnan(metrics.rotation_jitter(short))
        assert math.isnan(metrics.angular_jerk(short))


def test_the_rotation_rate_is_that_of_the_turn():
    assert metrics.rotation_rate(about_axis(0.2 * np.arange(61), 1)) == pytest.approx(6.0)
    there_and_back = 0.2 * (np.arange(61) % 2)
    assert metrics.rotation_rate(about_axis(there_and_back, 2)) == pytest.approx(6.0)
    assert math.isnan(metrics.rotation_rate(about_axis(np.zeros(1), 0)))


def test_restlessness_is_the_mean_of_jitter_and_jerk_where_both_are_defined():
    degrees = 0.3 * np.sin(2.0 * np.pi * 5.0 * np.arange(90) / 30.0)
    long = about_axis(degrees, 1)
    both = metrics.rotation_jitter(long) * metrics.angular_jerk(long)
    assert metrics.restlessness(long) == pytest.approx(math.sqrt(both))
    short = about_axis(degrees[:10], 1)
    assert metrics.restlessness(short) == pytest.approx(metrics.angular_jerk(short))
    assert math.isnan(metrics.restlessness(about_axis(degrees[:3], 1)))
