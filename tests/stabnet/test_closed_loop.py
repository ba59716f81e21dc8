"""The shipped StabNet steadies frame after frame, each by the picture made of the one before."""

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax import pretrained
from dvs_jax.stabilization.models import load_model
from dvs_jax.stabnet import online
from dvs_jax.stabnet.sequences import ASPECT, CROP, RATE, SIZE

from .textures import filmed, shake, slow_and_fast

pytestmark = pytest.mark.slow

PAN = np.array([20.0 / 65.0 / RATE, 0.0])
"""Of 20° a second, of a camera that sees 65°, in widths a frame."""


@pytest.fixture(scope="module")
def steadied():
    """A function from pictures to where each but the first is drawn from, x and y in widths."""
    if not (pretrained.SHIPPED_FOLDER / "stabnet").is_dir():
        pytest.skip("the package has no weights of StabNet")
    graph, weights = nnx.split(load_model("stabnet").network)
    setting = online.setting(RATE, CROP, ASPECT)

    @jax.jit
    def begin(picture):
        return online.begin(nnx.merge(graph, weights), setting, picture)

    @jax.jit
    def push(state, picture):
        return online.push(nnx.merge(graph, weights), setting, state, picture)[0]

    def steady(pictures: np.ndarray) -> np.ndarray:
        state, cameras = begin(pictures[0]), []
        for picture in pictures[1:]:
            state = push(state, picture)
            cameras.append(state.look.camera)
        return np.asarray(jax.device_get(cameras))[:, :2]

    return steady


def test_a_pan_is_followed_and_its_shake_taken_out(steadied):
    camera = np.arange(150)[:, None] * PAN + shake(150, 0.01)
    beside = steadied(filmed(camera, size=SIZE))
    path = camera[1:] + beside
    fast, of_input = (slow_and_fast(each)[1][30:].std() for each in (path, camera[1:]))
    assert fast < 0.4 * of_input
    assert np.abs(beside).max() < CROP
    speed = (path[-1] - path[-61]) / 60.0
    np.testing.assert_allclose(speed, PAN, atol=0.1 * PAN[0])


def test_the_steadied_path_stays_near_the_slow_one(steadied):
    """Below 3 % of the width, whether the camera strolls or stands."""
    time_s = np.arange(450)[:, None] / RATE
    stroll = np.array([0.3, 0.1]) * np.sin(2 * np.pi * time_s / np.array([11.0, 7.0]))
    stroll[time_s[:, 0] > 10.0] = stroll[300]
    beside = steadied(filmed(stroll + shake(450, 0.01), size=SIZE))
    slow = slow_and_fast(beside)[0]
    assert np.sqrt((slow**2).sum(axis=-1).mean()) < 0.03
    assert np.abs(beside / np.array([1.0, ASPECT])).max() < CROP
