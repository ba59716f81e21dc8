"""Exported functions of our StabGAN give what the package gives."""

import numpy as np
import pytest
from flax import nnx

from dvs_jax.export import stabgan
from dvs_jax.export.function import Function, exported
from dvs_jax.stabgan.device_work import FRAMES
from dvs_jax.stabgan.generator import SEEN_AROUND, TOLD_AROUND, Generator
from dvs_jax.stabgan.method import streamed

WIDTH, HEIGHT, COUNT = 64, 36, 20


@pytest.fixture(scope="module")
def generator() -> Generator:
    """Untrained, but for a last layer that says something."""
    made, rng = Generator(nnx.Rngs(0)), np.random.default_rng(1)
    made.last.kernel.set_value(0.2 * rng.normal(size=made.last.kernel.shape).astype("f4"))
    return made


@pytest.fixture(scope="module")
def functions(generator) -> dict[str, Function]:
    found = stabgan.of_size(generator, WIDTH, HEIGHT)
    return {each.name.split("_")[0]: each for each in found}


@pytest.fixture(scope="module")
def clip() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    flow = rng.normal(size=(COUNT, HEIGHT, WIDTH, 2)).astype(np.float32)
    return rng.integers(0, 256, (COUNT, HEIGHT, WIDTH, 3), dtype=np.uint8), flow


@pytest.mark.slow
def test_all_at_once_and_in_stretches_the_maps_are_the_packages(generator, functions, clip):
    wanted = np.stack(list(streamed(generator, zip(*clip, strict=True), HEIGHT / WIDTH)))
    assert np.abs(wanted - np.eye(2, 3)).max() > 1e-3
    whole = exported(functions["clip"]).call(*clip)["maps"]
    np.testing.assert_allclose(whole, wanted, atol=1e-6)
    stretch = exported(functions["stretch"])
    state = {
        name: np.zeros(each.shape, each.dtype)
        for name, each in functions["stretch"].arguments[0].shapes.items()
    }
    told = []
    for start in range(0, COUNT + TOLD_AROUND, FRAMES):
        number = np.arange(start - SEEN_AROUND, start + FRAMES + SEEN_AROUND)
        present = (number >= 0) & (number < COUNT)
        frames = [each[number.clip(0, COUNT - 1)] for each in clip]
        shown = [each * present.reshape(-1, 1, 1, 1).astype(each.dtype) for each in frames]
        state, found = stretch.call(state, *shown, present)
        told.append(found["maps"])
    found = np.concatenate(told)[TOLD_AROUND:][:COUNT]
    np.testing.assert_allclose(found, wanted, atol=1e-6)
