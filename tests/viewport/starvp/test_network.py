"""STAR-VP against recorded numbers, and what it must and must not depend on."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.viewport import baselines, sphere
from dvs_jax.viewport.starvp import content, losses
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network

from .recorded import inputs, network, unit

OURS = Architecture(
    points=8, lstm=16, lstm_layers=1, width=16, heads=4, mlp=32, blocks=1, position=9, gate=16,
    turn=True, residual=True, damped_prior=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def recorded(golden):
    return np.load(golden / "viewport/starvp.npz")


def predict(model, *batch):
    graph, state = nnx.split(model)
    return jax.jit(jax.vmap(lambda *one: nnx.merge(graph, state)(*one)))(*batch)


def size(part):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(part, nnx.Param)))


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["fourier", "sinusoid"])
@pytest.mark.parametrize("of", ["small", "full"])
def test_predictions_are_those_recorded(golden, recorded, of, encoding):
    found = predict(network(golden, of, encoding), *inputs(of))
    name = f"{of}_{'vaswani' if encoding == 'sinusoid' else encoding}"
    for field, key in (
        ("motion", "p_prime"),
        ("content", "p_second"),
        ("gate", "w_prime"),
        ("fused", "p_raw"),
        ("direction", "p_hat"),
    ):
        np.testing.assert_allclose(getattr(found, field), recorded[f"{name}_{key}"], atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("of", ["small", "full"])
def test_tokens_of_instants_are_those_recorded(golden, recorded, of):
    model = network(golden, of, "fourier")
    past, points, known = inputs(of)
    motion = predict(model, past, points, known).motion
    directions = jnp.concatenate([past, motion], axis=1)
    graph, state = nnx.split(model.content.spatial)

    @jax.jit
    @jax.vmap
    @jax.vmap
    def spatial(direction, points, known):
        part = nnx.merge(graph, state)
        encoded = part.encode(points, known)
        return part(direction, encoded), encoded.token

    every = 8 if of == "full" else 1
    for found, key in zip(spatial(directions, points, known), ("p_s", "s_s"), strict=True):
        expected = recorded[f"{of}_fourier_{key}"]
        np.testing.assert_allclose(found[:, ::every, ::every], expected, atol=2e-5)


@pytest.mark.slow
def test_loss_and_gradients_are_those_recorded(golden, recorded):
    graph, state = nnx.split(network(golden, "small", "fourier"))
    past, points, known = inputs("small")
    true = unit(np.random.default_rng(3103).standard_normal((3, 5, 3))).astype(np.float32)

    def loss(past, points):
        found = jax.vmap(nnx.merge(graph, state))(past, points, known)
        return jax.vmap(losses.orthodromic)(found.fused, true).mean()

    value, gradients = jax.jit(jax.value_and_grad(loss, (0, 1)))(past, points)
    assert value == pytest.approx(float(recorded["small_grad_loss"]), abs=1e-5)
    np.testing.assert_allclose(gradients[0], recorded["small_grad_past"], atol=1e-5)
    np.testing.assert_allclose(gradients[1], recorded["small_grad_saliency"], atol=1e-5)
    # This one is recorded of directions of unit length.
    mse = losses.mse(recorded["small_fourier_p_hat"], true)
    assert mse == pytest.approx(float(recorded["small_mse"]), abs=1e-5)


@pytest.mark.parametrize("encoding", ["fourier", "sinusoid"])
def test_positions_are_encoded_as_recorded(recorded, encoding):
    name = "vaswani" if encoding == "sinusoid" else encoding
    found = content.positions(encoding, 40, 129)
    np.testing.assert_allclose(found, recorded[f"pe_{name}_129"], atol=1e-5)


def test_the_papers_network_has_its_parameters():
    model = nnx.eval_shape(lambda: Network(Architecture(), nnx.Rngs(0)))
    parts = model.motion, model.content.spatial, model.content.temporal, model.gate
    assert [size(part) for part in parts] == [794_371, 3_163_649, 5_012_147, 22_553]
    assert size(model) == 8_992_720


@pytest.mark.slow
def test_an_instants_saliency_changes_its_own_token_alone(golden):
    model = network(golden, "small", "fourier")
    past, points, known = (each[0] for each in inputs("small"))
    directions = np.concatenate([past, past[:5]])

    @nnx.jit
    def spatial(part, points):
        return jax.vmap(part)(directions, jax.vmap(part.encode)(points, known))

    other = points.copy()
    other[4] = points[3]
    before, after = (spatial(model.content.spatial, each) for each in (points, other))
    changed = np.abs(before - after).max(axis=-1) > 0.0
    np.testing.assert_array_equal(np.flatnonzero(changed), [4])


@pytest.mark.slow
def test_the_last_sample_changes_all_of_the_motions_prediction(golden):
    model = network(golden, "small", "fourier")
    past, points, known = inputs("small")
    other = past.copy()
    other[:, -1] = past[:, 0]
    before, after = (predict(model, each, points, known).motion for each in (past, other))
    assert (np.abs(before - after).max(axis=-1) > 1e-4).all()


@pytest.fixture(scope="module")
def ours():
    model = Network(OURS, nnx.Rngs(3))
    kernel = model.motion.output.kernel
    kernel.set_value(0.1 * jax.random.normal(jax.random.key(0), kernel.shape))
    return model


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    path = unit(np.cumsum(0.1 * rng.standard_normal((4, 15, 3)), axis=1) + rng.standard_normal(3))
    points = unit(rng.standard_normal((4, 40, 8, 3)))
    values = rng.random((4, 40, 8, 1))
    points = np.concatenate([points, values], axis=-1)
    return path.astype(np.float32), points.astype(np.float32), np.ones((4, 40), bool)


@pytest.mark.slow
def test_ours_turns_with_what_it_sees(ours, batch):
    past, points, known = batch
    turned = np.concatenate([sphere.turned(points[..., :3], 2.0), points[..., 3:]], axis=-1)
    before = predict(ours, *batch)
    after = predict(ours, sphere.turned(past, 2.0), turned.astype(np.float32), known)
    expected = sphere.turned(np.asarray(before.direction), 2.0)
    np.testing.assert_allclose(after.direction, expected, atol=1e-5)
    np.testing.assert_allclose(after.gate, before.gate, atol=1e-5)


@pytest.mark.slow
def test_unknown_saliency_has_no_effect(ours, batch):
    past, points, known = batch
    hidden = known.copy()
    hidden[:, 15:] = False
    other = points.copy()
    other[:, 15:] = 0.0
    seen = [predict(ours, past, each, hidden).direction for each in (points, other)]
    np.testing.assert_array_equal(*seen)
    assert np.abs(seen[0] - predict(ours, *batch).direction).max() > 1e-4
    blind = predict(ours, past, points, np.zeros_like(known))
    assert np.isfinite(blind.direction).all()


@pytest.mark.slow
def test_a_batch_is_as_its_windows_one_by_one(ours, batch):
    together = predict(ours, *batch).direction
    alone = [ours(*(each[number] for each in batch)).direction for number in range(4)]
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.slow
def test_untrained_its_motion_is_the_damped_baseline(batch):
    found = predict(Network(OURS, nnx.Rngs(0)), *batch).motion
    np.testing.assert_allclose(found, baselines.damped(batch[0], 25, 2.0), atol=1e-6)


def test_alone_the_motion_is_the_prediction(batch):
    alone = dataclasses.replace(OURS, motion_alone=True)
    found = predict(Network(alone, nnx.Rngs(0)), *batch)
    np.testing.assert_allclose(found.direction, found.motion, atol=1e-6)
