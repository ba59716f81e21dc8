"""Steady paths: what they keep, what they smooth, and the crop they stay within."""

import jax
import numpy as np
import pytest

from dvs_jax.stabgan import affine_warp
from dvs_jax.stabgan.pose_motion import affine_between, flow_between
from dvs_jax.stabgan.steady_path import steadied
from dvs_jax.synthetic import paired
from dvs_jax.synthetic.paired.pose import WIDTH

SIZE = (128, 72)
STEADIED = jax.jit(steadied, static_argnums=(1, 2, 3))


def panning(frames: int, shake: float) -> np.ndarray:
    pose = np.zeros((frames, 6), np.float32)
    pose[:, 0] = 3.0 * np.arange(frames)
    pose[:, 1] = shake * np.random.default_rng(0).normal(size=frames)
    return pose


def test_a_pan_is_followed_from_the_first_frame_to_the_last():
    pose = panning(50, 0.0)
    np.testing.assert_allclose(STEADIED(pose, 30.0, 0.1, SIZE), pose, atol=1e-3)


def test_shake_is_taken_out():
    pose = panning(60, 4.0)
    steady = np.asarray(STEADIED(pose, 30.0, 0.1, SIZE))
    assert np.diff(steady[:, 1], 2).std() < 0.01 * np.diff(pose[:, 1], 2).std()


@pytest.mark.slow
def test_it_stays_within_the_crop():
    pose = panning(60, 60.0)
    steady = STEADIED(pose, 30.0, 0.1, SIZE)
    theta = jax.vmap(lambda one, other: affine_between(one, other, SIZE))(steady, pose)
    x, y = 0.8 * np.array([-1, 1, -1, 1.0]), 0.8 * np.array([-1, -1, 1, 1.0])
    corners = np.stack([affine_warp.applied(each, x, y) for each in np.asarray(theta)])
    assert 0.9 < np.abs(corners).max() < 1.0 + 1e-4


def test_an_affine_map_is_near_the_true_homography():
    one, other = np.zeros(6), np.array([12.0, -8.0, 0.03, 0.02, 0.004, -0.003])
    theta = np.asarray(affine_between(one, other, SIZE))
    points = np.asarray(paired.lattice(5, 9, SIZE))
    half = np.array([WIDTH / 2, WIDTH / 2 * 9 / 16])
    told = np.asarray(affine_warp.applied(theta, *np.moveaxis(points / half, -1, 0))) * half
    true = np.asarray(paired.moved(points, one, other))
    # In pixels of a picture 640 wide; the tilts make it no affine map.
    assert 0.05 < np.abs(told - true).max() < 2.5


def test_flow_is_how_far_each_pixel_moves():
    one, other = np.zeros(6), np.array([10.0, -5.0, 0.0, 0.0, 0.0, 0.0])
    flow = np.asarray(flow_between(one, other, SIZE))
    assert flow.shape == (72, 128, 2)
    np.testing.assert_allclose(flow, np.broadcast_to([-2.0, 1.0], flow.shape), atol=1e-4)
