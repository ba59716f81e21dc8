"""From a region's outputs to points in the picture."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.subject import detector, landmarks, region
from dvs_jax.subject.region import Region


@pytest.mark.slow
def test_a_confident_heat_map_moves_its_point():
    heat = np.full((64, 64, 3), -50.0)
    heat[20, 30:32] = 50.0  # two cells, of equal confidence
    heat[20, 30:32, 1] = -1.0  # a weak one
    shares = jnp.asarray([[32.4 / 64, 18.9 / 64], [32.4 / 64, 18.9 / 64], [1.2, 0.5]])
    moved = np.asarray(landmarks.refined(shares, jnp.asarray(heat, jnp.float32)))
    assert np.abs(moved[0] - [30.5 / 64, 20 / 64]).max() < 1e-6
    assert np.abs(moved[1:] - shares[1:]).max() == 0


@pytest.mark.slow
def test_what_is_beyond_the_window_or_the_map_does_not_count():
    heat = np.full((8, 8, 1), -50.0)
    heat[0, 0] = heat[7, 7] = heat[0, 4] = 50.0
    moved = landmarks.refined(jnp.asarray([[0.05, 0.05]]), jnp.asarray(heat, jnp.float32))
    assert np.abs(moved).max() < 1e-6


@pytest.mark.slow
def test_a_turned_region_turns_the_pose():
    raw = np.zeros((39, 5), np.float32)
    raw[0] = [192, 128, 64, 0, 3]
    heat, world = jnp.full((64, 64, 39), -50.0), jnp.zeros((39, 3)).at[0].set([0.2, 0.0, 0.5])
    quarter = Region(jnp.asarray([100.0, 50.0]), jnp.float32(80), jnp.float32(np.pi / 2))
    pose = landmarks.placed(jnp.asarray(raw), heat, world, jnp.float32(0.9), 256, quarter)
    assert np.abs(pose.point[0] - np.array([100, 70, 20])).max() < 1e-4
    assert np.abs(pose.world[0] - np.array([0, 0.2, 0.5])).max() < 1e-6
    assert np.abs(pose.visibility[0] - 0.5) < 1e-6
    assert np.abs(pose.presence[0] - 1 / (1 + np.exp(-3))) < 1e-6


@pytest.mark.slow
def test_poses_of_whole_frames(garden, pose_networks, recorded_poses):
    """Detector, region and points together, on frames where the detection is strong."""
    for index, frame in garden.items():
        row = int(np.flatnonzero(recorded_poses["frame"] == index)[0])
        pictures = frame[None]
        found = detector.candidates(pose_networks.detector, pictures)
        (person,) = detector.people(jax.tree.map(lambda each: each[0], found))
        assert np.abs(person.points.ravel() - recorded_poses["detection"][row, 1:]).max() < 0.01
        regions = jax.vmap(region.around_person)(person.points[None, 0], person.points[None, 1])
        pose = landmarks.poses(pose_networks.landmarks, pictures, regions)
        expected = recorded_poses["landmarks"][row, :, :2] * (960, 540)
        error = np.abs(np.asarray(pose.point)[0, :33, :2] - expected)
        assert np.median(error) < 0.64
        assert error[23:25].mean(0).max() < 2.1
        assert error.max() < 9
        assert np.abs(pose.world[0, :33] - recorded_poses["world"][row]).max() < 0.03
        # The detector's guess is coarse: the next region lies about the hips.
        again = landmarks.followed(jax.tree.map(lambda each: each[0], pose))
        assert np.abs(again.center - expected[23:25].mean(0)).max() < 2.5
