"""Our generator: its size, its reach in time, and the bounds of what it says."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.stabgan.generator import Generator, affine_maps, generator_input

from .generators import saying_something

ROWS, COLUMNS = 18, 32
ASPECT = 9 / 16


@pytest.fixture(scope="module")
def untrained() -> Generator:
    return Generator(nnx.Rngs(0))


@pytest.fixture(scope="module")
def shaking(untrained: Generator) -> Generator:
    """A generator that smooths, adds something, and trusts by looks."""
    return saying_something(untrained)


@partial(jax.jit, static_argnums=0)
def _maps(graph, params, x, present):
    return nnx.merge(graph, params)(x, present, ASPECT)


def maps(generator: Generator, x: jnp.ndarray, present: jnp.ndarray) -> np.ndarray:
    return np.asarray(_maps(*nnx.split(generator), x, present))


def clip(frames: int, size: tuple[int, int] = (ROWS, COLUMNS)) -> jnp.ndarray:
    rng = np.random.default_rng(2)
    rgb = rng.random((frames, *size, 3)).astype(np.float32)
    flow = rng.normal(size=(frames, *size, 2)).astype(np.float32)
    return generator_input(jnp.asarray(rgb), jnp.asarray(flow))


def test_it_has_as_many_parameters_as_planned(untrained):
    sizes = [leaf.size for leaf in jax.tree.leaves(nnx.state(untrained, nnx.Param))]
    assert sum(sizes) == 224_748


@pytest.mark.slow
def test_untrained_it_changes_nothing(untrained):
    theta = maps(untrained, clip(5), jnp.ones(5, bool))
    np.testing.assert_array_equal(theta, np.broadcast_to(np.eye(2, 3), (5, 2, 3)))


@pytest.mark.slow
def test_a_frames_map_depends_on_38_frames_ahead_and_37_behind(shaking):
    seen, present = clip(82), jnp.ones(82, bool)
    noise = np.random.default_rng(5).normal(size=seen.shape[1:])
    changed = maps(shaking, seen.at[40].add(noise), present) - maps(shaking, seen, present)
    felt = np.flatnonzero(np.abs(changed).max(axis=(1, 2)) > 0.0)
    assert (felt.min(), felt.max()) == (2, 77)


@pytest.mark.slow
def test_frames_beyond_the_clip_change_nothing(shaking):
    seen = clip(7)
    alone = maps(shaking, seen[1:6], jnp.ones(5, bool))
    present = jnp.asarray([False, *[True] * 5, False])
    np.testing.assert_allclose(maps(shaking, seen, present)[1:6], alone, atol=1e-6)


@pytest.mark.slow
def test_the_motion_is_that_of_most_of_the_picture(untrained):
    seen = clip(3, (72, 128))
    walker = jnp.zeros((3, 72, 128, 2)).at[:, 16:, 24:64].set(0.6)
    flow = jnp.broadcast_to(jnp.asarray([0.2, -0.1]), walker.shape) + walker
    motion = untrained.motion(seen.at[..., 3:5].set(flow), jnp.ones(3, bool))
    np.testing.assert_allclose(motion[1], [0.0, 0.0, 0.04, -0.02], atol=2e-3)


@pytest.mark.slow
def test_what_is_known_of_the_flow_alone_is_smoothed_likewise(shaking):
    told = shaking.maps_by_flow(jnp.full((70, 4, 4, 2), 0.05), ASPECT)
    motion = jnp.tile(jnp.asarray([0.0, 0.0, 0.01, 0.01]), (70, 1))
    wanted = shaking.maps(motion, jnp.ones(70, bool), ASPECT)
    np.testing.assert_allclose(told, wanted, atol=1e-5)


def test_inputs_are_colours_flow_in_shares_and_coordinates():
    rgb, flow = jnp.full((1, ROWS, COLUMNS, 3), 0.75), jnp.ones((1, ROWS, COLUMNS, 2))
    corner = generator_input(rgb, flow)[0, 0, 0]
    wanted = [0.25] * 3 + [10 / COLUMNS, 10 / ROWS, 1 / COLUMNS - 1, 1 / ROWS - 1]
    np.testing.assert_allclose(corner, wanted, rtol=1e-6)


def test_maps_are_bounded_and_near_the_identity_equal_to_what_is_said():
    largest = affine_maps(jnp.full((1, 6), 1e3), ASPECT, similarity=False)[0]
    wanted = [[1.1, 0.1 * ASPECT, 0.2], [0.1 / ASPECT, 1.1, 0.2]]
    np.testing.assert_allclose(largest, wanted, rtol=1e-6)
    told = 1e-4 * np.arange(1.0, 7.0, dtype=np.float32)
    small = affine_maps(jnp.asarray(told[None]), 1.0, similarity=False)[0]
    np.testing.assert_allclose(small - np.eye(2, 3), told.reshape(2, 3), atol=1e-6)


def test_a_similarity_turns_and_zooms_by_equal_amounts_in_pixels():
    told = jnp.asarray([[0.02, 0.05, 0.1, 0.7, -0.9, -0.1]])
    theta = np.asarray(affine_maps(told, ASPECT, similarity=True))[0]
    size = np.diag([16.0, 9.0])
    linear = size @ theta[:, :2] @ np.linalg.inv(size)
    scale = np.sqrt(np.linalg.det(linear))
    np.testing.assert_allclose(linear @ linear.T, scale**2 * np.eye(2), atol=1e-6)
