"""The objective: the truth costs nothing, and each network's gradient comes from its own terms."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.stabgan import farneback, losses, objective, paths, perceptual, takes
from dvs_jax.stabgan.discriminator import Discriminator
from dvs_jax.stabgan.generator import Generator, generator_input

from .clips import example

FRAMES = 16


@pytest.fixture(scope="module")
def take() -> takes.Take:
    return jax.jit(lambda: takes.draw(jax.random.key(3), example(0), FRAMES))()


@pytest.mark.slow
def test_the_true_maps_are_off_by_nothing_and_smoother_than_none(take):
    truth = takes.corrections(take)
    none = jnp.broadcast_to(jnp.eye(2, 3), truth.shape)
    right, filmed = objective.motion_terms(truth, take), objective.motion_terms(none, take)
    assert float(right["supervised"]) == 0.0
    assert float(right["inside"]) < 1e-6
    assert float(filmed["supervised"]) > 0.01
    assert float(filmed["smooth"]) == pytest.approx(2.0 * np.tanh(0.5), rel=1e-5)
    assert float(right["smooth"]) < 0.7


@pytest.mark.slow
def test_flow_is_that_of_the_motion_a_little_spoiled(take):
    flow = np.asarray(takes.spoiled_flow(jax.random.key(0), take))
    assert flow.shape == (FRAMES, 72, 128, 2)
    assert not flow[0].any()
    shift = np.asarray(takes.motion(take))[:, :, 2] * [64.0, 36.0]
    middle = flow[:, 26:46, 44:84].mean(axis=(1, 2))
    assert np.abs(middle[1:] - shift[1:]).max() < 0.5 + 0.2 * np.abs(shift).max()


@pytest.mark.slow
def test_flow_as_in_use_is_in_most_clips(take):
    clip = jax.jit(takes.shaky_clip)(jax.random.key(0), take)
    flow = jax.jit(takes.flow)
    found = [np.asarray(flow(jax.random.key(number), take, clip)) for number in range(8)]
    grey = np.round(255.0 * np.asarray(clip) @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    as_in_use = farneback.flow_along(grey)
    alike = [np.median(np.abs(each - as_in_use)) < 2e-3 for each in found]
    assert 4 <= sum(alike) < 8


def test_a_pans_flow_is_the_same_in_all_cells_and_in_the_generators_unit():
    # A pixel of a picture 128 wide to the right, and one of 72 down.
    motion = jnp.tile(jnp.eye(2, 3), (2, 1, 1)).at[1, :, 2].set(jnp.asarray([2 / 128, 2 / 72]))
    cells = np.asarray(paths.in_cells(motion))
    seen = generator_input(jnp.zeros((2, 72, 128, 3)), jnp.ones((2, 72, 128, 2)))
    wanted = np.broadcast_to(np.asarray(seen)[1, 0, 0, 3:5], (4, 4, 2))
    np.testing.assert_allclose(cells[1], wanted, rtol=1e-5)
    assert not cells[0].any()


def test_what_the_crop_leaves_may_reach_to_the_edge():
    theta = jnp.broadcast_to(jnp.eye(2, 3), (1, 2, 3))
    size = (128, 72)
    assert float(losses.uncovering(theta.at[0, 0, 2].set(0.2), 0.1, size)) < 1e-8
    beyond = losses.uncovering(theta.at[0, 0, 2].set(0.2 + 2 / 64), 0.1, size)
    # Two pixels across at two of four corners.
    assert float(beyond) == pytest.approx(2.0, rel=1e-4)


@pytest.mark.slow
def test_r1_along_directions_is_r1_in_the_mean():
    real = jax.random.uniform(jax.random.key(0), (1, 2, 2, 3))

    def discriminate(clip):
        return jnp.sin(3.0 * clip).sum(keepdims=True)

    directions = jax.random.normal(jax.random.key(1), (4000, *real.shape))
    along = jax.vmap(partial(losses.gradient_penalty_along, discriminate, real))(directions)
    exact = losses.gradient_penalty(discriminate, real)
    assert float(along.mean()) == pytest.approx(float(exact), rel=0.1)


@pytest.mark.slow
def test_each_networks_gradient_comes_from_its_own_terms():
    generator, params = nnx.split(Generator(nnx.Rngs(0)))
    discriminator, judge = nnx.split(Discriminator(nnx.Rngs(1)))
    difference = perceptual.pyramid_difference
    setting = objective.Setting(generator, discriminator, FRAMES, difference)

    @jax.jit
    def gradient(weights):
        return jax.grad(
            lambda params: objective.clip_loss(
                setting, params, example(0), jax.random.key(1), weights
            )[0]
        )({"generator": params, "discriminator": judge})

    def size(tree):
        return sum(float(jnp.abs(leaf).sum()) for leaf in jax.tree.leaves(tree))

    names = objective.GAN_TERMS
    for own, other, named in (
        ("generator", "discriminator", {"gan"}),
        ("discriminator", "generator", {"discriminator"}),
        ("discriminator", "generator", {"r1"}),
    ):
        found = gradient({name: jnp.float32(name in named) for name in names})
        assert size(found[own]) > 0.0
        assert size(found[other]) == 0.0
