"""Masks of regions, brought to the picture's size."""

from pathlib import Path

import cv2
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.subject import mask_networks, networks, region
from dvs_jax.subject.region import Region


def test_a_mask_lies_where_its_region_does():
    square = Region(jnp.asarray([40.0, 30.0]), jnp.float32(20), jnp.float32(0))
    large = np.asarray(mask_networks.enlarged(np.ones((64, 64), np.float32), square, 80, 60))
    assert large.shape == (60, 80)
    assert (large[21:39, 31:49] == 1).all()
    assert large[:19].max() == large[41:].max() == large[:, :29].max() == large[:, 51:].max() == 0


def test_enlarging_undoes_cropping():
    """A smooth picture, seen in a turned region and brought back."""
    x, y = np.meshgrid(np.arange(120), np.arange(90))
    smooth = (127 + 60 * np.sin(x / 20) + 60 * np.cos(y / 15)).astype(np.uint8)
    turned = Region(jnp.asarray([60.0, 45.0]), jnp.float32(50), jnp.float32(0.4))
    seen = region.crop(np.repeat(smooth[..., None], 3, -1), turned, 256, 144)[..., 0]
    back = np.asarray(mask_networks.enlarged(seen, turned, 120, 90))
    inside = np.hypot(x - 60, y - 45) < 22
    assert np.abs(back - smooth)[inside].max() < 2


def test_the_recorded_mask(recorded_poses, numbers):
    """The pose's own mask of one frame, a quarter as fine, against the published program's."""
    x, y, side, _, angle = numbers["roi"].astype(np.float32)
    where = Region(jnp.asarray([x, y]), jnp.asarray(side), jnp.asarray(angle))
    probability = 1 / (1 + np.exp(-numbers["mask_every4"].clip(-50, 50)))
    mask = mask_networks.enlarged(probability, where, 960, 540)
    small = np.asarray(mask).reshape(36, 15, 64, 15).mean((1, 3))
    row = int(np.flatnonzero(recorded_poses["frame"] == 100)[0])
    expected = recorded_poses["pose_mask"][row].reshape(36, 64) / 255
    assert np.abs(small - expected).max() < 0.15
    assert np.abs(small - expected).mean() < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("which", networks.MASK_MODELS)
def test_on_whole_frames_they_lose_who_is_small(
    which, garden, numbers, recorded_poses, published_models: Path
):
    """As the published program does; in the person's region they do not, see test_mask.py."""
    network = networks.load_mask(which, published_models)
    rows, columns, _ = network.input_shapes[0]
    name = "selfie_segmentation" + ("" if which == "general" else "_landscape")
    for index, frame in garden.items():
        whole = cv2.resize(frame, (columns, rows))
        (mask,) = network.apply(network.weights, jnp.asarray(whole / 255, jnp.float32))
        small = cv2.resize(np.asarray(mask[..., 0]), (64, 36), interpolation=cv2.INTER_AREA)
        row = int(np.flatnonzero(recorded_poses["frame"] == index)[0])
        recorded = numbers[f"{name}_frames"][row].reshape(36, 64) / 255
        assert np.abs(small - recorded).mean() < 0.06  # its sampling differs
        person = recorded_poses["pose_mask"][row].reshape(36, 64) / 255
        assert np.minimum(small, person).sum() < 0.25 * np.maximum(small, person).sum()
