"""Made-up viewers move as their equation says, and look where the published trial's did."""

import numpy as np
import pytest

from dvs_jax.viewport import baselines, sphere
from dvs_jax.viewport.synthetic import audience, viewers

SECONDS = np.arange(100) / viewers.RATE


def test_a_step_to_a_still_target_decays_as_a_critically_damped_spring():
    start = np.array([[1.0, 0.0, 0.0]])
    target = np.broadcast_to(sphere.from_angles(np.array(1.2), np.array(np.pi / 2)), (1, 100, 3))
    path = viewers.follow(start, target, np.ones((1, 100), bool), np.array([5.0]))
    left = sphere.distance(path[0], target[0])
    np.testing.assert_allclose(left, 1.2 * (1 + 5 * SECONDS) * np.exp(-5 * SECONDS), atol=1e-9)


def test_behind_a_moving_target_it_lags():
    speed, stiffness, time = 0.3, 4.0, np.arange(300) / viewers.RATE
    equator = np.full(300, np.pi / 2)
    target = sphere.from_angles(speed * (time + 0.5 / viewers.RATE), equator)[None]
    path = viewers.follow(target[:, 0], target, np.ones((1, 300), bool), np.array([stiffness]))
    behind = sphere.distance(path[0, -1], sphere.from_angles(speed * time[-1:], equator[:1])[0])
    assert behind == pytest.approx(2 * speed / stiffness, rel=1e-3)


def test_without_a_target_it_keeps_still():
    start = np.array([[0.0, 1.0, 0.0]])
    path = viewers.follow(start, np.ones((1, 9, 3)), np.zeros((1, 9), bool), np.array([5.0]))
    np.testing.assert_array_equal(path, np.broadcast_to(start, (1, 9, 3)))


@pytest.mark.slow
def test_they_are_as_hard_to_predict_as_those_of_the_trial():
    drawn = audience.draw(2, 40, 6)
    path = np.stack([trace.direction[::10] for trace in drawn.traces])
    last = np.arange(14, 125, 5)
    past = np.stack([path[:, t - 1 : t + 1] for t in last], axis=1)
    future = np.stack([path[:, t + 1 : t + 26] for t in last], axis=1)
    assert future.shape[:2] == (240, 23)
    still = np.degrees(sphere.distance(baselines.no_motion(past, 25), future)).mean(axis=(0, 1))
    damped = np.degrees(sphere.distance(baselines.damped(past, 25, 2.0), future)).mean(axis=(0, 1))
    chosen = [0, 2, 4, 9, 14, 19, 24]
    told = [5.00, 14.66, 23.94, 45.87, 64.51, 78.28, 85.48]
    np.testing.assert_allclose(still[chosen], told, rtol=0.07)
    told = [2.86, 10.67, 19.62, 41.96, 61.39, 76.49, 84.87]
    np.testing.assert_allclose(damped[chosen], told, rtol=0.07)


def test_the_highest_saliency_is_where_many_look():
    drawn = audience.draw(2, 8, 6)
    path = {trace.viewer: trace for trace in drawn.traces}
    gaps = []
    for trace in path.values():
        maps = drawn.maps[trace.video]
        flat = maps.reshape(len(maps), -1).argmax(axis=1)
        highest = sphere.pixel_directions(32, 64).reshape(-1, 3)[flat]
        gaps.append(sphere.distance(highest, trace.direction[::10]))
    assert np.degrees(np.mean(gaps)) == pytest.approx(39.0, abs=6.0)
