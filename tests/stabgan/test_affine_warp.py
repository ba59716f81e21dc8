from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabgan import affine_warp


@pytest.mark.slow
@pytest.mark.parametrize("align", [True, False])
def test_numbers_are_the_official_ones(golden, align):
    numbers = np.load(golden / "stabgan/affine_warp.npz")
    image = jnp.asarray(numbers["image"] / np.float32(255))
    theta = jnp.asarray(numbers["theta"])
    place = jax.vmap(lambda each: affine_warp.places(each, (64, 48), align))(theta)
    assert np.abs(place[:, ::8, ::8] - numbers[f"grid_{align}"]).max() < 1e-6
    warp = jax.jit(jax.vmap(partial(affine_warp.warp, align_corners=align), (None, 0)))
    warped = warp(image, theta)
    assert np.abs(warped.image[:, ::2, ::2] - numbers[f"warped_{align}"]).max() < 1e-4
    on_edge = (np.abs(np.abs(place) - 1.0) < 1e-6).any(-1)
    differs = np.asarray(warped.inside, bool) != numbers[f"inside_{align}"]
    assert not (differs & ~on_edge).any()


@pytest.mark.slow
def test_the_identity_and_places_without_bounds():
    image = jnp.asarray(np.random.default_rng(0).random((7, 9, 3)), jnp.float32)
    for align in (True, False):
        same = affine_warp.warp(image, jnp.eye(2, 3), align)
        assert np.abs(same.image - image).max() < 1e-5 and same.inside.all()
        far = affine_warp.warp(image, jnp.eye(2, 3).at[0, 2].set(1e30), align)
        assert (far.image == 0.0).all() and not far.inside.any()
