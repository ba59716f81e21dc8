"""The published networks on batches, and in bfloat16, on real frames."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import tflite
from dvs_jax.subject import detector, landmarks, mask_networks, networks, region
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.subject.region import Region
from dvs_jax.tflite import Network

FRAMES = (100, 140)

pytestmark = pytest.mark.slow


def in_bfloat16(network: Network) -> Network:
    return dataclasses.replace(network, weights=tflite.cast(network.weights, jnp.bfloat16))


@pytest.fixture(scope="module")
def frames(garden) -> np.ndarray:
    return np.stack([garden[index] for index in FRAMES])


@pytest.fixture(scope="module")
def regions(recorded_poses) -> Region:
    """Of the walker, by the recorded detections."""
    rows = [int(np.flatnonzero(recorded_poses["frame"] == index)[0]) for index in FRAMES]
    points = jnp.asarray(recorded_poses["detection"][rows, 1:5].reshape(-1, 2, 2))
    return jax.vmap(lambda pair: region.around_person(pair[0], pair[1]))(points)


def alone(tree, index):
    return jax.tree.map(lambda each: each[index : index + 1], tree)


def test_the_detector(frames, pose_networks: PoseNetworks):
    detector._candidates.clear_cache()
    together = detector.candidates(pose_networks.detector, frames)
    compiled = detector._candidates._cache_size()
    for index in range(len(FRAMES)):
        single = detector.candidates(pose_networks.detector, frames[index : index + 1])
        assert np.abs(single.score[0] - together.score[index]).max() < 1e-5
        assert np.abs(single.points[0] - together.points[index]).max() < 2e-3
    assert detector._candidates._cache_size() == compiled + 1
    rounded = detector.candidates(in_bfloat16(pose_networks.detector), frames)
    for index in range(len(FRAMES)):
        exact, coarse = (
            detector.people(jax.tree.map(lambda each: each[index], found))[0]  # noqa: B023
            for found in (together, rounded)
        )
        assert abs(exact.score - coarse.score) < 0.05
        assert np.abs(exact.points[:2] - coarse.points[:2]).max() < 0.1 * np.hypot(
            *(exact.points[1] - exact.points[0])
        )


def test_the_points(frames, regions, pose_networks: PoseNetworks):
    network = pose_networks.landmarks
    landmarks._poses_and_masks.clear_cache()
    poses, masks = landmarks.poses_and_masks(network, frames, regions)
    compiled = landmarks._poses_and_masks._cache_size()
    for index in range(len(FRAMES)):
        one = frames[index : index + 1], alone(regions, index)
        pose, mask = landmarks.poses_and_masks(network, *one)
        assert np.abs(pose.point[0] - poses.point[index]).max() < 2e-2
        assert np.abs(jax.nn.sigmoid(mask[0]) - jax.nn.sigmoid(masks[index])).max() < 1e-2
    assert landmarks._poses_and_masks._cache_size() == compiled + 1
    alike = landmarks.poses(network, frames, regions)
    assert np.abs(alike.point - poses.point).max() < 2e-2
    assert np.abs(alike.world - poses.world).max() < 1e-4
    coarse = landmarks.poses(in_bfloat16(network), frames, regions)
    assert coarse.point.dtype == jnp.float32
    apart = np.abs(coarse.point - poses.point)[:, :33, :2]
    assert np.median(apart) < 0.7 and apart[:, 23:25].max() < 3
    assert np.abs(coarse.score - poses.score).max() < 0.02


def test_masks_of_a_selfie_model(frames, regions, published_models: Path):
    network = networks.load_mask("landscape", published_models)
    mask_networks._masks.clear_cache()
    masks = mask_networks.masks(network, frames, regions)
    compiled = mask_networks._masks._cache_size()
    for index in range(len(FRAMES)):
        single = mask_networks.masks(network, frames[index : index + 1], alone(regions, index))
        assert np.abs(single[0] - masks[index]).max() < 1e-4
    assert mask_networks._masks._cache_size() == compiled + 1
    coarse = mask_networks.masks(in_bfloat16(network), frames, regions)
    assert np.abs(coarse - masks).mean() < 0.01
