"""The outline of a person in a region."""

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.subject import mask, networks
from dvs_jax.subject.region import Region
from tests.subject import redness


def test_names():
    assert mask.named("landscape") == "landscape"
    with pytest.raises(InputError, match="there is no mask 'best'; choose one of pose, general"):
        mask.named("best")


def test_the_guided_filter_takes_an_edge_to_the_pictures():
    x = np.arange(256)
    guide = jnp.asarray(np.where(x < 130, 0.2, 0.8)[None].repeat(256, 0), jnp.float32)
    ramp = jnp.asarray(np.clip((x - 126) / 8, 0, 1)[None].repeat(256, 0), jnp.float32)
    sharp = np.asarray(mask.guided(ramp, guide))[128]
    assert np.diff(sharp).argmax() == 129 and np.diff(sharp).max() > 0.25  # 0.125 before
    assert np.abs(sharp[:122]).max() < 1e-3 and np.abs(sharp[139:] - 1).max() < 1e-3


def test_without_edges_in_the_picture_a_mask_is_only_smoothed():
    flat = jnp.full((256, 256), 0.5)
    step = jnp.zeros((256, 256)).at[:, 128:].set(1.0)
    smooth = np.asarray(mask.guided(step, flat))
    assert smooth[[0, 128, 255]] == pytest.approx(smooth[[128]].repeat(3, 0), abs=1e-5)
    assert (np.diff(smooth[128]) > -1e-5).all()
    assert 0.15 < np.diff(smooth[128]).max() < 0.25


@pytest.mark.slow
def test_an_outline_of_who_is_there():
    pictures = np.stack(
        [redness.picture(60, 40, 12, (120, 80)), redness.picture(-50, 0, 1, (120, 80))]
    )
    one = mask.region_of(redness.standing(60, 40, 12))
    regions = Region(*(jnp.stack([field, field]) for field in one))
    seen = mask.outline(redness.NETWORK, pictures, regions)
    assert seen.found.tolist() == [True, False]
    assert np.abs(seen.mask[0].mean() - np.pi * 12**2 / 60**2) < 0.01
    assert seen.mask[0, 32, 32] > 0.99 and seen.mask[0, 2, 2] < 0.01


@pytest.mark.slow
def test_the_walker_by_each_network(
    frame_100, numbers, pose_networks, published_models, recorded_poses
):
    """Against the published program's own mask, a fifteenth as fine."""
    row = int(np.flatnonzero(recorded_poses["frame"] == 100)[0])
    x, y, side, _, angle = numbers["roi"].astype(np.float32)
    region = Region(jnp.asarray([x, y]), jnp.asarray(side), jnp.asarray(angle))
    alone = Region(*(field[None] for field in region))
    expected = recorded_poses["pose_mask"][row].reshape(36, 64) / 255
    for name, least in (("pose", 0.9), ("general", 0.6), ("landscape", 0.6)):
        selfie = None if name == "pose" else networks.load_mask(name, published_models)
        seen = mask.outline(pose_networks.landmarks, frame_100[None], alone, selfie)
        assert bool(seen.found[0])
        large = mask.mask_networks.enlarged(seen.mask[0], region, 960, 540)
        small = large.reshape(36, 15, 64, 15).mean((1, 3))
        overlap = np.minimum(small, expected).sum() / np.maximum(small, expected).sum()
        print(name, overlap)
        assert overlap > least
