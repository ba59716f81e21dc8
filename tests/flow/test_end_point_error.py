import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.flow import create
from dvs_jax.flow.end_point_error import compare, end_point_errors, summarize
from dvs_jax.flow.pair import FlowPair

from .textures import homography_flow


def test_numbers_of_a_report():
    truth = np.zeros((2, 3, 2), np.float32)
    flow = truth.copy()
    flow[0, :, 0] = [3, 0, 0.5]
    flow[0, 0, 1] = 4
    flow[1, 0, 1] = 2
    truth[1, 2] = np.nan
    report = summarize([end_point_errors(flow, truth)])
    assert (report.pixels, report.median) == (5, 0.5)
    assert report.mean == pytest.approx(7.5 / 5)
    assert (report.over_1_px, report.over_3_px) == pytest.approx((0.4, 0.2))
    visible = np.zeros((2, 3), bool)
    visible[0] = True
    assert summarize([end_point_errors(flow, truth, visible)]).pixels == 3


def test_what_cannot_be_compared_is_named():
    with pytest.raises(InputError, match="3 × 2 px cannot be held against a truth of 4 × 2 px"):
        end_point_errors(np.zeros((2, 3, 2)), np.zeros((2, 4, 2)))
    with pytest.raises(InputError, match="nothing to compare"):
        summarize([end_point_errors(np.zeros((2, 3, 2)), np.full((2, 3, 2), np.nan))])


def test_estimators_side_by_side(moved_pair, shake):
    truth = FlowPair(
        homography_flow(shake, 272, 480), homography_flow(np.linalg.inv(shake), 272, 480)
    )
    everywhere = np.ones((272, 480), bool)
    reports = compare(
        [create("dis"), create("farneback")],
        moved_pair(shake),
        [truth],
        [(everywhere, everywhere)],
    )
    assert list(reports) == ["dis", "farneback"]
    assert all(report.median < 0.2 for report in reports.values())
    assert reports["dis"].pixels == 2 * 272 * 480
