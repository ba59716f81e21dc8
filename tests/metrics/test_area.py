"""The part of the frame that the output shows."""

import math

import numpy as np
import pytest

from dvs_jax.metrics.area import area_kept
from tests.metrics.videos import scaled


@pytest.mark.parametrize(
    ("warp", "shown", "area"),
    [
        (np.eye(3), 1.0, 1.0),
        (np.eye(3), 0.8, 0.64),
        (scaled(1.25, 1.25), 1.0, 0.64),
        (scaled(0.8, 0.8), 1.0, 1.0),
        (np.array([[1.0, 0.0, 64.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 1.0, 0.9),
        (np.array([[1.0, 0.0, 700.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 1.0, 0.0),
    ],
)
def test_the_area_is_that_worked_out_by_hand(warp, shown, area):
    assert area_kept(warp[None], shown) == pytest.approx(area, abs=0.005)


def test_frames_count_alike_and_none_tell_nothing():
    both = np.stack([np.eye(3), scaled(1.25, 1.25)])
    assert area_kept(both, 1.0) == pytest.approx(0.82, abs=0.005)
    assert math.isnan(area_kept(np.zeros((0, 3, 3)), 1.0))
