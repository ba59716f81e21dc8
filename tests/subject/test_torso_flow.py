"""The torso's flow from frame to frame, and the path that it refines."""

import av
import cv2
import numpy as np
import pytest

from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.anchor_path import NOISE, AnchorPath, smooth
from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.refining import refined
from dvs_jax.subject.torso_flow import TorsoFlow
from dvs_jax.video import ToYuv
from dvs_jax.video.color import Color
from tests.subject import noisy

COUNT = 5


def pictures(path, how):
    """Yield stored pictures in which a texture moves along a path of upright pixels."""
    rng = np.random.default_rng(3)
    texture = cv2.GaussianBlur(rng.integers(0, 255, (160, 240), np.uint8), (0, 0), 1.5)
    texture = cv2.normalize(texture, None, 30, 225, cv2.NORM_MINMAX)
    for x, y in path - path[0]:
        matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        upright = cv2.warpAffine(texture, matrix, (240, 160), borderMode=cv2.BORDER_REFLECT)
        stored = np.rot90(upright, -how.quarters)
        yield ToYuv(Color())(np.ascontiguousarray(np.repeat(stored[..., None], 3, 2)))


@pytest.mark.parametrize("quarters", [0, 1])
def test_a_moving_torso_is_measured_to_a_tenth_of_a_pixel(quarters):
    how = Orientation(quarters, False)
    path = np.array([[100.0, 70.0], [104.3, 70.0], [109.0, 71.5], [113.2, 73.1], [118.0, 73.1]])
    pose = noisy.poses(noisy.moving(path, torso=40.0))
    frame = np.array([0, 1, 2, 4])
    torso = TorsoFlow(pose.at(frame), frame, COUNT, how, how.size((240, 160)))
    assert sum(isinstance(each, av.VideoFrame) for each in torso.watched(pictures(path, how))) == 5
    assert torso.flow[1:3] == pytest.approx(np.diff(path, axis=0)[:2], abs=0.1)
    # Where he was not seen in both frames nothing is known.
    assert np.isnan(torso.flow[[0, 3, 4]]).all() and torso.doubt[1:3].max() < 0.1


def test_a_torso_at_the_edge_is_unknown_and_no_error():
    path = np.array([[-60.0, 70.0], [-58.0, 70.0]])
    how = Orientation(0, False)
    pose = noisy.poses(noisy.moving(path, torso=40.0))
    torso = TorsoFlow(pose, np.arange(2), 2, how, (240, 160))
    assert len(list(torso.watched(pictures(path, how)))) == 2
    assert np.isnan(torso.flow).all()


def test_flow_takes_out_what_the_smoother_leaves():
    time_s, rng = np.arange(120) / 30.0, np.random.default_rng(0)
    exact = np.stack([300.0 + 60.0 * time_s, 200.0 + 4.0 * np.sin(4.0 * np.pi * time_s)], -1)
    place = exact + 70.0 * NOISE * rng.standard_normal(exact.shape)
    present = np.ones(120, bool)
    present[50:60] = False
    measured = Measured(np.where(present[:, None], place, np.nan), present, 70.0)
    flow = np.diff(exact, axis=0, prepend=exact[:1]) + rng.normal(0.0, 0.1, exact.shape)
    flow[[0, 90]] = np.nan
    path = smooth(time_s, measured)
    told = refined(path, measured, flow, np.full(120, 0.1))
    left, before = (np.sqrt(np.mean((each.place - exact) ** 2)) for each in (told, path))
    assert left < 0.6 * before and left < 0.4
    # The gap, in which a step goes unseen by the smoother, is crossed along the flow.
    assert np.abs((told.place - exact)[50:60]).max() < 1.0
    assert told.status == path.status


def test_nothing_is_told_across_a_cut_or_of_a_shot_without_the_person():
    place = np.array([[1.0, 1.0]] * 3 + [[np.nan, np.nan]] * 2 + [[500.0, 90.0]] * 3)
    present = np.isfinite(place[:, 0])
    status = ["measured" if seen else "absent" for seen in present]
    path = AnchorPath(place, present.astype(float), status)
    flow = np.zeros((8, 2))
    told = refined(path, Measured(place, present, 50.0), flow, np.zeros(8), (3, 5)).place
    assert told[present] == pytest.approx(place[present]) and np.isnan(told[3:5]).all()
