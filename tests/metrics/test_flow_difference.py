"""How differently the content of two videos moves."""

import math

import cv2
import numpy as np
import pytest

from dvs_jax.metrics.features import look_at, shrink
from dvs_jax.metrics.flow_difference import FlowDifference
from tests.metrics.videos import texture


def shifted(x: float, y: float) -> np.ndarray:
    shift = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    image = texture((1280, 960))
    return cv2.warpAffine(image, shift, (1280, 960), borderMode=cv2.BORDER_REFLECT)


def test_a_shift_that_was_taken_out_is_the_difference_in_the_videos_own_pixels():
    difference = FlowDifference()
    assert math.isnan(difference.mean())
    still = shrink(shifted(0.0, 0.0), "")
    moved = shrink(shifted(6.0, -8.0), "")
    difference.add(look_at(still, None), look_at(still, None))
    assert math.isnan(difference.mean())
    difference.add(look_at(moved, still), look_at(still, still))
    assert difference.mean() == pytest.approx(10.0, rel=0.05)
    difference.add(look_at(still, still), look_at(still, still))
    assert difference.mean() == pytest.approx(5.0, rel=0.05)


def test_a_row_less_makes_no_difference():
    difference = FlowDifference()
    still, moved = shrink(shifted(0.0, 0.0), ""), shrink(shifted(6.0, -8.0), "")
    fewer = [each._replace(watched=each.watched[4:]) for each in (still, still)]
    difference.add(look_at(moved, still), look_at(*fewer))
    assert difference.mean() == pytest.approx(10.0, rel=0.05)
