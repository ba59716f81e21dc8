"""Traces at five samples a second."""

import numpy as np
import pytest

from dvs_jax.viewport import sphere, tracks
from dvs_jax.viewport.traces.trace import HeadTrace


def trace(time, valid=None):
    direction = sphere.from_yaw_pitch(0.3 * time, 0.0 * time)
    valid = np.ones(len(time), bool) if valid is None else valid
    return HeadTrace("ann", "sea", time, direction, valid)


def test_directions_are_those_of_the_fifths_of_seconds():
    found = tracks.track(trace(0.13 + np.arange(0.0, 10.0, 0.03)))
    assert (found.first, found.viewer, found.video) == (1, "ann", "sea")
    time = np.arange(1, 1 + len(found.direction)) / 5
    assert time[-1] == pytest.approx(10.0)
    expected = sphere.from_yaw_pitch(0.3 * time, 0.0 * time)
    np.testing.assert_allclose(found.direction, expected, atol=1e-6)
    assert found.valid.all()


def test_gaps_are_bridged_up_to_three_tenths_of_a_second():
    time = np.arange(0.0, 10.0, 0.1)
    short, long = (np.delete(time, np.arange(31, 31 + n)) for n in (2, 3))
    assert tracks.track(trace(short)).valid.all()
    found = tracks.track(trace(long))
    np.testing.assert_array_equal(np.flatnonzero(~found.valid), [16])


def test_nothing_is_interpolated_from_invalid_samples():
    time = np.arange(0.0, 10.0, 0.03)
    valid = np.arange(len(time)) != 40  # at 1.2 s
    np.testing.assert_array_equal(np.flatnonzero(~tracks.track(trace(time, valid)).valid), [6])
