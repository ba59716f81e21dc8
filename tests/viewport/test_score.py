"""Scores of predictions that are easy to judge."""

import numpy as np
import pytest

from dvs_jax.viewport import score, sphere


@pytest.fixture(scope="module")
def scores():
    true = np.broadcast_to(sphere.from_yaw_pitch(np.array(0.0), np.array(0.0)), (60, 25, 3))
    off = np.radians(np.repeat([4.0, 12.0, 26.0], 20))
    predicted = sphere.from_yaw_pitch(np.broadcast_to(off[:, None], (60, 25)), np.zeros((60, 25)))
    return score.score(predicted, true)


@pytest.fixture(scope="module")
def viewer():
    return np.repeat([f"viewer {number}" for number in range(12)], 5)


def test_errors_are_summed_up(scores, viewer):
    found = score.summarize(scores, viewer, score.RANGES["all"])
    assert found.mean_deg == pytest.approx(14.0)
    assert found.median_deg == pytest.approx(12.0)
    assert found.within == pytest.approx((1 / 3, 1 / 3, 2 / 3))
    assert 0.5 < found.overlap < found.hit < 1.0
    assert found.vain == pytest.approx(0.246, abs=1e-3)


def test_the_interval_is_that_of_viewers_not_of_windows(scores, viewer):
    low, high = score.interval(scores.error_deg, viewer)
    # Four viewers of each error: the mean's standard deviation is 9.1° / √12.
    assert (low, high) == pytest.approx((14 - 1.96 * 2.6, 14 + 1.96 * 2.6), abs=0.7)
    low, high = score.interval(scores.error_deg, np.arange(60).astype(str))
    assert high - low < 5.0


def test_ranges_are_those_told(scores):
    steps = {name: np.arange(1, 26)[each] for name, each in score.RANGES.items()}
    assert (steps["below 1 s"][[0, -1]] == (1, 4)).all()
    assert (steps["2 to 5 s"][[0, -1]] == (10, 25)).all()
