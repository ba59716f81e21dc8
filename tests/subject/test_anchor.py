import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.subject import anchor
from dvs_jax.subject import pose as poses_of
from tests.subject import noisy

SIZE = (640, 360)
TIME_S = np.arange(20) / 30.0


def pose_along(x=200.0):
    return noisy.poses(noisy.moving(np.stack([x + np.arange(20.0), np.full(20, 180.0)], -1)))


def measure(name, pose, **options):
    return anchor.measure(name, TIME_S, pose, SIZE, **options)


def test_anchors_are_means_of_their_points():
    pose = pose_along()
    hips = np.stack([200 + np.arange(20.0), np.full(20, 180.0)], -1)
    for name, up in (("hips", 0.0), ("shoulders", 50.0), ("torso", 25.0), ("head", 72.5)):
        told = measure(name, pose)
        assert told.present.all() and told.torso == pytest.approx(50.0)
        assert np.allclose(told.place, hips - (0.0, up))
    told = measure("mask", pose, centroid=hips + 3.0)
    assert np.array_equal(told.place, hips + 3.0)


def test_no_anchor_changes_if_left_and_right_are_exchanged():
    pose = noisy.poses(pose_along().point[..., :2], noise_px=2.0)
    swapped = poses_of.exchanged(pose, np.ones(20, bool))
    for name in ("hips", "shoulders", "torso", "head"):
        assert np.allclose(measure(name, pose).place, measure(name, swapped).place)


def test_a_frame_is_missing_for_each_reason():
    pose = pose_along()
    pose.score[3] = 0.4
    pose.presence[5, list(poses_of.HIPS)] = 0.3
    pose.point[7, list(poses_of.SHOULDERS), 1] -= 40.0
    pose.point[9, :, 0] -= 260.0
    told = measure("hips", pose)
    assert np.flatnonzero(~told.present).tolist() == [3, 5, 7, 9]
    assert np.isnan(told.place[[3, 5, 7, 9]]).all()
    assert measure("hips", pose, least_presence=0.2).present[5]


def test_one_hip_is_enough_once_both_were_seen():
    pose = pose_along()
    pose.presence[:2, 23] = 0.1
    pose.presence[6:9, 24] = 0.1
    pose.point[6:9, 24] += 40.0
    told = measure("hips", pose)
    assert np.flatnonzero(~told.present).tolist() == [0, 1]
    assert np.allclose(told.place[6:9], np.stack([206.0 + np.arange(3), np.full(3, 180.0)], -1))


def test_an_anchor_that_is_never_there_is_told():
    pose = pose_along()
    with pytest.raises(InputError, match="head could be measured in no frame"):
        measure("head", pose._replace(score=np.zeros(20)))
    assert anchor.named("torso") == "torso"
    with pytest.raises(InputError, match="no anchor 'knee'"):
        anchor.named("knee")
