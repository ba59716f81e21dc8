"""The shipped StabGAN on clips of textures that it was not trained on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabgan import farneback, steadiness, takes
from dvs_jax.stabgan.frames import within
from dvs_jax.stabgan.generator import Generator
from dvs_jax.stabgan.method import streamed
from dvs_jax.stabilization.models import load_model
from dvs_jax.training.photographs import Example

from .clips import example

pytestmark = pytest.mark.slow

FRAMES = 96


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load_model("stabgan").generator


@jax.jit
def filmed(looks: Example) -> tuple[jax.Array, jax.Array, jax.Array]:
    drawing, filming = jax.random.split(jax.random.key(jnp.asarray(looks.seed)))
    take = takes.draw(drawing, looks, FRAMES)
    return takes.corrections(take), takes.motion(take), takes.shaky_clip(filming, take)


def maps_of(generator: Generator, clip: np.ndarray) -> np.ndarray:
    """The maps of a clip of uint8 frames, held within the crop."""
    grey = np.rint(clip.astype(np.float32).mean(axis=-1)).astype(np.uint8)
    stream = zip(clip, farneback.flow_along(grey), strict=True)
    found = streamed(generator, stream, takes.ASPECT)
    return np.stack([within(theta, takes.CROP) for theta in found])


def test_it_steadies_shaken_clips(generator):
    """What moves above 2 Hz is at most 0.6 of what it was, over six clips."""
    maps, scenes = [], []
    for seed in range(6):
        wanted, motion, clip = filmed(example(seed))
        maps.append(maps_of(generator, np.rint(255 * np.asarray(clip)).astype(np.uint8)))
        scenes.append(steadiness.Scene(np.asarray(wanted), np.asarray(motion)))
    found = steadiness.measures(maps, scenes, takes.SIZE, takes.RATE)
    assert found["shake"] < 0.6
    assert found["kept"] < 0.8


def test_a_still_clip_stays_still(generator):
    """Corners wander by less than 0.3 pixels of a picture 640 wide, of noisy frames too."""
    rng = np.random.default_rng(0)
    picture = np.moveaxis(example(3).photographs[0], 0, -1)[: takes.SIZE[1], : takes.SIZE[0]]
    clip = np.clip(picture + rng.normal(scale=2.0, size=(FRAMES, *picture.shape)), 0, 255)
    maps = maps_of(generator, np.rint(clip).astype(np.uint8))
    corners = np.array([[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    moved = (maps @ corners - corners[:2]) * np.array([[320.0], [180.0]])
    assert np.abs(moved).max() < 0.3
