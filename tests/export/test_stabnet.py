"""Exported functions of our StabNet give what the package gives."""

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.export import stabnet
from dvs_jax.export.function import Function, exported
from dvs_jax.stabnet import online
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.seen import grey

WIDTH, HEIGHT = 64, 36


@pytest.fixture(scope="module")
def functions() -> dict[str, Function]:
    found = stabnet.of_size(Network(nnx.Rngs(0)), WIDTH, HEIGHT)
    return {each.name.split("_")[0]: each for each in found}


@pytest.mark.slow
def test_frames_one_by_one_and_all_at_once_have_the_packages_grids(functions):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (4, HEIGHT, WIDTH), dtype=np.uint8)
    network = Network(nnx.Rngs(0))
    setting = online.setting(stabnet.RATE, stabnet.CROP, HEIGHT / WIDTH)
    advance = jax.jit(lambda before, each: online.push(network, setting, before, grey(each))[0])
    state = online.begin(network, setting, grey(pictures[0]))
    wanted = []
    for picture in pictures[1:]:
        state = advance(state, picture)
        wanted.append(online.source(state.look, HEIGHT / WIDTH))
    begin, push, clip = (exported(functions[name]) for name in ("begin", "push", "clip"))
    outside, grids = begin.call(pictures[0]), []
    for picture in pictures[1:]:
        outside, told = push.call(outside, picture)
        grids.append(told["grid"])
    np.testing.assert_allclose(np.stack(grids), np.stack(wanted), atol=1e-6)
    np.testing.assert_allclose(clip.call(pictures)["grid"], np.stack(wanted), atol=1e-6)
