import cv2
import numpy as np

from dvs_jax.flow import estimate
from dvs_jax.flow.consistency import confidence, stays_inside
from dvs_jax.flow.pair import FlowPair

from .textures import homography_flow, textured_frame


def test_exact_flow_of_a_plane_is_trusted_wherever_it_stays_inside(shake):
    pair = FlowPair(homography_flow(shake, 60, 80), homography_flow(np.linalg.inv(shake), 60, 80))
    sure = confidence(pair)
    assert np.array_equal(sure.forward, stays_inside(pair.forward))
    assert np.array_equal(sure.backward, stays_inside(pair.backward))
    assert sure.forward.mean() < 0.9


def test_a_shift_leaves_the_frame_by_exactly_its_length():
    flow = np.zeros((10, 20, 2), np.float32)
    flow[..., 0] = 3
    inside = stays_inside(flow)
    assert inside[:, :17].all()
    assert not inside[:, 17:].any()
    flow[..., 0], flow[..., 1] = 0, -2.5
    assert np.array_equal(stays_inside(flow).all(axis=1), np.arange(10) > 2)


def test_what_a_moving_square_hides_is_not_trusted():
    pair = FlowPair(*np.zeros((2, 60, 90, 2), np.float32))
    pair.forward[20:40, 20:40, 0] = 16
    pair.backward[20:40, 36:56, 0] = -16
    hidden, uncovered = np.zeros((2, 60, 90), bool)
    hidden[20:40, 40:56] = True
    uncovered[20:40, 20:36] = True
    sure = confidence(pair)
    assert np.array_equal(sure.forward, ~hidden)
    assert np.array_equal(sure.backward, ~uncovered)


def test_what_dis_cannot_see_is_not_trusted():
    ground, square = textured_frame(120, 160, 3), textured_frame(120, 160, 4)
    first, second = ground.copy(), ground.copy()
    first[40:80, 40:80] = second[40:80, 56:96] = square[40:80, 40:80]
    (pair,) = estimate([first, second], "dis", size=(120, 160))
    sure = confidence(pair).forward
    away = np.ones((120, 160), bool)
    away[25:95, 25:110] = False
    assert sure[44:76, 84:94].mean() < 0.3
    assert sure[away].mean() > 0.95


def test_a_small_miss_is_forgiven_and_a_large_one_is_not():
    still = np.zeros((8, 8, 2), np.float32)
    for miss, trusted in ((0.6, True), (2.0, False)):
        flow = cv2.add(still, np.array([0, miss, 0, 0]))
        sure = confidence(FlowPair(still, flow.astype(np.float32)))
        assert sure.forward.all() == trusted
