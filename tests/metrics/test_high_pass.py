"""What is slow goes, what is fast stays, and long series come out as short ones do."""

import math

import numpy as np
import pytest

from dvs_jax.metrics.high_pass import HighPass, smooth


def fast(series: np.ndarray, rate: float = 30.0) -> np.ndarray:
    """The fast part of a series, given step by step."""
    steps = np.diff(series, prepend=np.nan, axis=0)
    filtered = HighPass(2.0, rate)
    return np.concatenate([*map(filtered.add, steps), filtered.finish()])


def sine(hz: float, rate: float, seconds: float) -> np.ndarray:
    return np.sin(2.0 * np.pi * hz * np.arange(round(rate * seconds)) / rate)[:, None]


@pytest.mark.parametrize("rate", [24.0, 60.0, 240.0])
def test_half_the_amplitude_is_left_at_the_cutoff(rate):
    middle = slice(round(3 * rate), round(-3 * rate))
    for hz, gain in ((0.5, 2.0**-12), (2.0, 0.5), (5.0, 1.0)):
        passed = np.abs(fast(sine(hz, rate, 10.0), rate)[middle]).max()
        assert passed == pytest.approx(gain, rel=0.02, abs=2e-4), hz


def test_a_pan_that_speeds_up_leaves_nothing_up_to_both_ends():
    second = np.arange(300)[:, None] / 30.0
    assert np.abs(fast(20.0 * second**2 - 300.0 * second)).max() < 1e-6


def test_the_gain_is_that_of_the_equation():
    rate, hz = 30.0, 3.0
    ratio = math.sin(math.pi * hz / rate) / math.sin(math.pi * 2.0 / rate)
    series, middle = sine(hz, rate, 20.0), slice(150, -150)
    expected = series[middle] / (1.0 + ratio**6)
    assert smooth(series, 2.0, rate)[middle] == pytest.approx(expected, abs=1e-4)


def test_stretches_join_to_what_the_whole_series_gives():
    walk = np.random.default_rng(0).normal(size=(4000, 2)).cumsum(axis=0)
    assert fast(walk) == pytest.approx(walk - smooth(walk, 2.0, 30.0), abs=1e-7)


def test_few_steps_are_kept_however_many_came():
    filtered, most = HighPass(2.0, 30.0), 0
    for _ in range(5000):
        filtered.add(np.zeros(1))
        most = max(most, len(filtered._steps))
    assert most < 900


def test_unknown_steps_are_filled_from_their_neighbours():
    steps = np.diff(sine(0.3, 30.0, 10.0), prepend=np.nan, axis=0)
    steps[100:103] = np.nan
    filtered = HighPass(2.0, 30.0)
    found = np.concatenate([*map(filtered.add, steps), filtered.finish()])
    assert np.abs(found[30:-30]).max() < 1e-3


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_short_series_have_a_value_for_each_step(count):
    assert fast(np.arange(count)[:, None] * 1.0) == pytest.approx(np.zeros((count, 1)), abs=1e-9)
