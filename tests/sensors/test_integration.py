"""Integration of angular velocity and the mirrored pre-roll."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.sensors import integration
from dvs_jax.sensors.integration import integrate, with_pre_roll

SETTLED = 1e-12

velocities = arrays(
    np.float64, st.tuples(st.integers(2, 300), st.just(3)), elements=st.floats(-9, 9)
)


def every(milliseconds, count):
    return 7_000_000_000_000_000 + np.arange(count) * milliseconds * 1_000_000


def one_by_one(time_ns, velocity):
    pose = [np.array([0.0, 0.0, 0.0, 1.0])]
    for step, rate in zip(np.diff(time_ns), velocity[1:], strict=True):
        turn = quaternion.from_rotation_vector(rate * step / 1e9)
        pose.append(quaternion.multiply(turn, pose[-1]))
    return np.array(pose)


@given(velocities)
def test_the_running_product_is_the_product_one_by_one(velocity):
    time_ns = every(5, len(velocity))
    found = integrate(time_ns, velocity)
    np.testing.assert_allclose(found.quaternion, one_by_one(time_ns, velocity), atol=SETTLED)


@pytest.mark.slow
@given(velocity=velocities)
def test_a_log_of_many_blocks_is_integrated_as_one(velocity):
    time_ns = every(5, len(velocity))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integration, "BLOCK_SAMPLES", 16)
        found = integrate(time_ns, velocity)
    np.testing.assert_allclose(found.quaternion, one_by_one(time_ns, velocity), atol=SETTLED)


@given(arrays(np.float64, 3, elements=st.floats(-5, 5)), st.integers(2, 400))
def test_a_constant_rate_turns_by_rate_times_time(rate, count):
    time_ns = every(4, count)
    found = integrate(time_ns, np.tile(rate, (count, 1)))
    elapsed = (time_ns - time_ns[0])[:, None] / 1e9
    expected = quaternion.from_rotation_vector(rate * elapsed)
    assert quaternion.angle_between(found.quaternion, expected).max() < 1e-9


@given(velocities, st.data())
def test_a_log_split_anywhere_composes(velocity, data):
    split = data.draw(st.integers(0, len(velocity) - 1))
    time_ns = every(5, len(velocity))
    whole = integrate(time_ns, velocity).quaternion
    rest = integrate(time_ns[split:], velocity[split:]).quaternion
    joined = quaternion.multiply(rest, np.broadcast_to(whole[split], rest.shape))
    np.testing.assert_allclose(joined, whole[split:], atol=SETTLED)


def test_ten_minutes_stay_of_unit_norm_and_true():
    rate = np.array([0.3, -0.2, 0.1])
    time_ns = every(2, 300_000)
    found = integrate(time_ns, np.tile(rate, (300_000, 1)))
    expected = quaternion.from_rotation_vector(rate * (time_ns[-1] - time_ns[0]) / 1e9)
    np.testing.assert_allclose(np.linalg.norm(found.quaternion, axis=1), 1.0, atol=1e-14)
    assert quaternion.angle_between(found.quaternion[-1], expected) < 1e-8


@pytest.mark.parametrize(
    ("milliseconds", "count", "added"),
    [(5, 600, 200), (1, 900, 500), (5, 50, 49), (10, 2, 1)],
    ids=["200 samples", "half a second of a fast gyro", "a short log", "two samples"],
)
def test_how_long_the_pre_roll_is(milliseconds, count, added):
    path = integrate(every(milliseconds, count), np.ones((count, 3)))
    extended = with_pre_roll(path)
    assert len(extended) == count + added
    assert (np.diff(extended.time_ns) == milliseconds * 1_000_000).all()


@given(velocities, arrays(np.float64, 3, elements=st.floats(-3, 3)))
def test_the_pre_roll_mirrors_time_and_rotation(velocity, start):
    path = integrate(every(5, len(velocity)), velocity)
    origin = quaternion.from_rotation_vector(start)
    turned = quaternion.multiply(path.quaternion, np.broadcast_to(origin, path.quaternion.shape))
    extended = with_pre_roll(CameraPath(path.time_ns, turned))
    added = len(extended) - len(path)
    np.testing.assert_allclose(extended.quaternion[added], origin, atol=SETTLED)
    for i in (1, added):
        assert path.time_ns[0] - extended.time_ns[added - i] == path.time_ns[i] - path.time_ns[0]
        forth = quaternion.multiply(turned[i], quaternion.conjugate(origin))
        back = quaternion.multiply(extended.quaternion[added - i], quaternion.conjugate(origin))
        np.testing.assert_allclose(back, quaternion.conjugate(forth), atol=SETTLED)
