"""Poses kept as rows of numbers."""

import numpy as np

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.people import Track
from tests.subject import noisy


def test_packed_poses_are_the_same_again():
    many = noisy.poses(noisy.moving(np.linspace((100.0, 80.0), (300.0, 90.0), 7), 40.0))
    many = many._replace(world=np.random.default_rng(0).normal(size=many.world.shape))
    rows = poses_of.packed(many)
    assert rows.shape == (7, 266) and rows.dtype == np.float32
    for found, field in zip(poses_of.unpacked(rows), many, strict=True):
        np.testing.assert_allclose(found, field, rtol=1e-6)
        assert found.base is not None
    for found, field in zip(poses_of.unpacked(rows[3]), many.at(3), strict=True):
        np.testing.assert_allclose(found, field, rtol=1e-6)


def test_a_track_gives_back_what_it_saw():
    many = noisy.poses(noisy.moving(np.linspace((100.0, 80.0), (300.0, 90.0), 3), 40.0))
    track = Track()
    for index in (0, 2):
        track.see(index, index / 30.0, many.at(index))
    track.saw_before_last(1, 1 / 30.0, many.at(1))
    assert track.frame == [0, 1, 2]
    np.testing.assert_allclose(track.poses().point, many.point, rtol=1e-6)
    np.testing.assert_allclose(track.pose(1).visibility, many.visibility[1], rtol=1e-6)
