"""Even turns of the camera are followed without lag, and do not let the picture lean."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera_path import pose_at
from dvs_jax.fused import even_turn, features, inference, mirrored, rollout
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.weights import load_model
from dvs_jax.sensors.integration import integrate, with_pre_roll

RATES_DEG_S = (0.0, 0.1, 1.0, 10.0, 30.0)
SECONDS = 9.0
ZERO_DEG = 0.005
"""What rounds to 0.00°."""


def gyro_of(velocity_at):
    """A gyro's path, 200 samples/s, for the angular velocity [sample, 3] at times in seconds."""
    time_ns = np.arange(0, round((SECONDS + 1.0) * 1e9), 5_000_000, dtype=np.int64)
    return integrate(time_ns, velocity_at(time_ns * 1e-9))


def away_deg(network, gyros, rate, strength=1.0):
    """The virtual camera's rotation away from the real one, [gyro, frame, 3] in degrees."""
    time_ns = np.rint(np.arange(SECONDS * rate) * 1e9 / rate).astype(np.int64)
    clips, real = [], []
    for gyro in gyros:
        steps = features.poses_seen(network.architecture, with_pre_roll(gyro), time_ns, strength)
        real.append(pose_at(gyro, time_ns, "hold"))
        clips.append(steps._replace(flow=told(network, real[-1])))
    paths = inference.predict(network, clips, [time_ns] * len(clips))
    virtual = np.stack([path.quaternion for path in paths])
    away = quaternion.multiply(virtual, quaternion.conjugate(np.stack(real)))
    return np.degrees(quaternion.to_rotation_vector(away))


def told(network, real):
    """What flow without error tells of the camera's rotation."""
    turn = quaternion.multiply(real[1:], quaternion.conjugate(real[:-1]))
    found = np.zeros((len(turn), 5 if network.encoder is not None else 0), np.float32)
    found[:, :3] = quaternion.to_rotation_vector(turn)[:, : found.shape[1]]
    return found


def even_gyros(begin_s):
    """Turns about each axis at each rate, from a time on."""

    def turning(axis, rate_deg_s):
        turn = np.radians(rate_deg_s) * np.eye(3)[axis]
        return gyro_of(lambda time_s: (time_s > begin_s)[:, None] * turn)

    return [turning(*each) for each in itertools.product(range(3), RATES_DEG_S)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rate"), [("fused", 30.0), ("gyro_only", 30.0), ("gyro_only", 24.0)]
)
def test_an_even_turn_is_followed_without_lag_from_the_first_frame(name, rate):
    away = away_deg(load_model(name), even_gyros(-1.0), rate)
    assert np.abs(away).max() < ZERO_DEG


@pytest.mark.slow
def test_a_turn_that_begins_is_followed_without_lag_six_seconds_later():
    away = np.abs(away_deg(load_model("gyro_only"), even_gyros(2.0), 30.0)).max(axis=(0, 2))
    assert away[150:].max() < 0.3
    assert away[240:].max() < ZERO_DEG


@pytest.mark.slow
def test_the_strength_does_not_matter():
    away = away_deg(load_model("gyro_only"), even_gyros(-1.0), 30.0, strength=4.0)
    assert np.abs(away).max() < ZERO_DEG


@pytest.mark.slow
def test_shake_about_an_even_turn_is_taken_out_as_at_rest():
    """And the camera that moves the other way gets nearly the opposite path."""

    def shaking(turn_deg_s, sign=1.0):
        def velocity(time_s):
            shake = np.sin(time_s[:, None] * np.array([19.0, 27.0, 23.0]))
            return sign * (0.3 * shake + np.radians(turn_deg_s) * np.array([0.0, 0.0, 1.0]))

        return gyro_of(velocity)

    gyros = [shaking(0.0), shaking(5.0), shaking(5.0, sign=-1.0)]
    away = away_deg(load_model("gyro_only"), gyros, 30.0)
    np.testing.assert_allclose(away[1], away[0], atol=0.06)
    np.testing.assert_allclose(away[2], -away[1], atol=0.1)
    assert np.abs(away[0]).max() > 0.5


@pytest.mark.slow
def test_the_slow_turn_forgets_shake():
    """Of a shake of 2 Hz and 30 °/s hardly any is taken for an even turn."""
    step_s = np.arange(-10, 11) * 0.04

    def around(time_s):
        angle = np.radians(30.0) / (4.0 * np.pi) * np.sin(4.0 * np.pi * (time_s + step_s))
        return jnp.asarray(quaternion.from_rotation_vector(angle[:, None] * np.eye(3)[:1]))

    turn = even_turn.begin(around(0.0).at[:].set(jnp.asarray([0.0, 0.0, 0.0, 1.0])))
    found = []
    for time_s in np.arange(90) / 30:
        turn = even_turn.follow(turn, around(time_s), jnp.float32(1 / 30))
        found.append(np.degrees(turn[-1]))
    assert np.abs(found).max() < 1.0


@pytest.mark.slow
def test_two_recurrent_states_forget_their_difference_at_rest():
    core = load_model("gyro_only").core
    still = jnp.tile(jnp.asarray([0.0, 0.0, 0.0, 1.0]), (23, 1))
    aside = quaternion.from_rotation_vector(jnp.full((23, 3), 0.03))
    step = jax.jit(lambda states, poses: mirrored.turn(core, states, poses, jnp.float32(1 / 30)))
    states = mirrored.initial_state(core)
    for _ in range(30):
        states, moved = step(states, aside)
    for _ in range(240):
        states, rested = step(states, still)
    assert np.abs(moved[:3]).max() > 1e-3
    assert np.abs(rested[:3]).max() < 1e-6


def test_official_weights_see_the_turn_as_before():
    wanted = Architecture(flow=False, official=True)
    assert not wanted.sees_no_even_turn
    assert Architecture(flow=False).sees_no_even_turn
    assert Architecture(fusion=4).sees_no_even_turn
    assert not Architecture().sees_no_even_turn


def test_a_network_that_sees_turns_has_no_state_for_them(official_network, recorded_features):
    first = jax.tree.map(lambda array: jnp.asarray(array[0]), recorded_features)
    state = rollout.initial_state(official_network.core, 4, first)
    assert state.even_turn is None
    assert state.lstm[0][0].ndim == 1
