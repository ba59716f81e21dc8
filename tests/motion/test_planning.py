"""The plan of the steadied camera's path."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import planning

RATE = 30.0
CORNER = (0.4, 0.225)
WIDE = jnp.stack([-jnp.ones((1, 4, 2)), jnp.ones((1, 4, 2))]) * 10.0

_plan = jax.jit(planning.plan)


def streamed(path, ahead, room=None):
    """Plan a path of cameras [frame, 4] frame by frame, in one plane."""
    laws = planning.laws(RATE, ahead, CORNER)
    bounds = jnp.broadcast_to(WIDE if room is None else room, (2, ahead + 1, 4, 2))
    shown = laws.first @ path[: ahead + 1]
    planned = []
    for start in range(len(path) - ahead):
        law = laws.ending if start + ahead + 1 == len(path) else laws.within
        known = jnp.concatenate([shown, path[start : start + ahead + 1]])
        found = _plan(law, known, laws.corner, bounds)
        planned.append(found[0])
        shown = jnp.concatenate([shown[1:], found[:1]])
    return np.stack([*planned, *found[1:]])


def sine(hertz, amplitude=0.02, frames=150):
    time_s = np.arange(frames) / RATE
    path = np.zeros((frames, 4), np.float32)
    path[:, 0] = amplitude * np.sin(2 * np.pi * hertz * time_s)
    return jnp.asarray(path)


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [12, 30])
@pytest.mark.parametrize("channel", [0, 1, 2, 3])
def test_an_even_motion_is_followed_without_lag(ahead, channel):
    path = np.zeros((120, 4), np.float32)
    path[:, channel] = 0.002 * np.arange(120)
    np.testing.assert_allclose(streamed(jnp.asarray(path), ahead), path, atol=5e-6)


@pytest.mark.parametrize("ahead, left", [(12, 0.15), (30, 0.01)])
def test_shake_is_taken_out(ahead, left):
    path = sine(5.0)
    planned = streamed(path, ahead)
    assert planned[30:-30, 0].std() < left * np.asarray(path)[30:-30, 0].std()


def test_what_is_slow_stays():
    path = sine(0.1, amplitude=0.05, frames=300)
    np.testing.assert_allclose(streamed(path, 30), path, atol=0.004)


def test_no_frame_depends_on_what_comes_after_its_look_ahead():
    path = np.array(sine(3.0))
    other = path.copy()
    other[80:] += 0.05
    same = 80 - 12
    both = [streamed(jnp.asarray(each), 12)[:same] for each in (path, other)]
    np.testing.assert_allclose(*both, atol=1e-6)


def test_the_corners_stay_within_their_bounds():
    path = sine(0.7, amplitude=0.1)
    room = jnp.stack([-jnp.ones((1, 4, 2)), jnp.ones((1, 4, 2))]) * 0.03
    planned = streamed(path, 12, room)
    free = streamed(path, 12)
    assert np.abs(free - path)[:, 0].max() > 0.05
    assert np.abs(planned - path)[:, 0].max() < 0.0315
    # It stays smooth there, unlike what is clipped.
    clipped = np.clip(free - path, -0.03, 0.03) + path
    rough = [np.abs(np.diff(each[:, 0], n=3)).max() for each in (planned, clipped)]
    assert rough[0] < 0.3 * rough[1]


def test_bounds_on_corners_limit_a_roll():
    path = np.zeros((90, 4), np.float32)
    path[:, 2] = 0.06 * np.sin(2 * np.pi * 1.0 * np.arange(90) / RATE)
    room = jnp.stack([-jnp.ones((1, 4, 2)), jnp.ones((1, 4, 2))]) * 0.02
    planned = streamed(jnp.asarray(path), 12, room)
    # The corner at (0.4, 0.225) moves furthest across: by 0.4 a radian.
    assert 0.4 * np.abs(planned[:, 2] - path[:, 2]).max() < 0.0215
