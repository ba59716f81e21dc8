"""The shipped StabNet, closed loop, on textures it was not trained on."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.signal import butter, sosfiltfilt

from dvs_jax.stabilization.models import load_model
from dvs_jax.stabnet import objective, online, sequences
from dvs_jax.stabnet.network import Network
from dvs_jax.synthetic import paired
from dvs_jax.synthetic.paired.pose import WIDTH
from dvs_jax.warping import grid

from .test_online import example

pytestmark = pytest.mark.slow

STEADY = 8
"""Frames after which the steadied camera is on its own path."""


@pytest.fixture(scope="module")
def network() -> Network:
    return load_model("stabnet").network


def test_it_finds_where_frames_lie_and_steadies_them(network, monkeypatch):
    """Errors below 0.3 pixels of a picture 640 wide; 0.4 at most of what moves fast is left."""
    monkeypatch.setattr(sequences, "_CUT", 0.0)
    graph, params = nnx.split(network)
    run = jax.jit(partial(objective.run, graph, 60))
    errors, shaken, steadied = [], [], []
    for seed in range(6):
        found, (looks, sequence) = run(params, example(seed), jax.random.key(seed))
        pose = sequence.pose[1:]
        errors.append(np.sqrt((np.asarray(found.errors) ** 2).mean(axis=-1))[STEADY:])
        shaken.append(fast(centres(pose, jnp.zeros((len(pose), 2)))))
        middle = jax.vmap(lambda look: look.source(jnp.zeros(2), sequences.ASPECT))(looks)
        steadied.append(fast(centres(pose, middle)))
    assert np.median(np.concatenate(errors)) < 0.3
    assert sum(steadied) < 0.4 * sum(shaken)


def centres(pose: jax.Array, middle: jax.Array) -> np.ndarray:
    """Return where in the scene the middle of each frame looks."""
    of_scene = jax.vmap(paired.moved, (0, 0, None))
    return np.asarray(of_scene(middle * WIDTH, pose, jnp.zeros(6)))[STEADY:]


def fast(path: np.ndarray) -> float:
    """Return the RMS of what moves above 2 Hz."""
    high = butter(3, 2.0, "high", fs=sequences.RATE, output="sos")
    return float(np.sqrt((sosfiltfilt(high, path, axis=0) ** 2).sum(axis=-1).mean()))


def test_a_still_clip_stays_still(network):
    drawn = jax.jit(sequences.draw, static_argnums=2)(jax.random.key(1), example(2), 2)
    source = steadied_still(network, drawn.picture[0], 300)
    wander = (source - grid.output_points(5, 5)) * np.array([512.0, 288.0])
    assert np.abs(wander).max() < 0.5


def test_what_is_drawn_never_drifts_out_of_the_limit(network):
    drawn = jax.jit(sequences.draw, static_argnums=2)(jax.random.key(3), example(4), 2)
    source = steadied_still(network, drawn.picture[0], 3000, moving=0.01)
    assert np.abs(source - grid.output_points(5, 5)).max() < 0.13


def steadied_still(
    network: Network, picture: jax.Array, frames: int, moving: float = 0.0
) -> np.ndarray:
    """Return the grids of a picture shown again and again, with noise, and shifted at random."""
    setting = sequences.setting()
    graph, params = nnx.split(network)

    def push(state, number):
        noisy, shifted = jax.random.split(jax.random.fold_in(jax.random.key(0), number))
        camera = jnp.concatenate([moving * jax.random.normal(shifted, (2,)), jnp.zeros(2)])
        moved = online.drawn(picture, online.as_filmed()._replace(camera=camera))
        seen = moved + 0.01 * jax.random.normal(noisy, moved.shape)
        state, _ = online.push(nnx.merge(graph, params), setting, state, seen)
        return state, online.source(state.look, sequences.ASPECT)

    begun = online.begin(network, setting, picture)
    return np.asarray(jax.jit(lambda: jax.lax.scan(push, begun, jnp.arange(frames)))()[1])


def test_a_cut_is_known(network):
    """Another scene is held for another one, and no other frame is."""
    graph, params = nnx.split(network)
    run = jax.jit(partial(objective.run, graph, 60))
    found = [run(params, example(seed), jax.random.key(seed))[0] for seed in range(3)]
    likeness = np.concatenate([np.asarray(each.likeness) for each in found])
    is_cut = np.concatenate([np.asarray(each.is_cut) for each in found])
    error = np.concatenate([(np.asarray(each.errors) ** 2).mean(axis=-1) ** 0.5 for each in found])
    assert (likeness[is_cut & (error > 20.0)] < 0.2).all()
    assert (likeness[~is_cut] > 0.5).mean() > 0.97
