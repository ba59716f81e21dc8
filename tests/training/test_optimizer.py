"""Adam held against its update written out by hand, in float64."""

import math

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dvs_jax.errors import InputError
from dvs_jax.training.optimizer import learning_rate, make_optimizer

from . import toy

PARAMS = np.array([0.5, -2.0, 3.0])
GRADIENTS = np.array([[0.1, -0.3, 0.02], [1.0, 0.2, -0.5], [-0.4, 0.1, 0.0]])


def adam_by_hand(lr: float, *, l2: float = 0.0, decoupled: float = 0.0) -> np.ndarray:
    """The parameters after GRADIENTS; Kingma & Ba's update with betas 0.9, 0.999."""
    params, first, second = PARAMS.copy(), np.zeros(3), np.zeros(3)
    for number, gradient in enumerate(GRADIENTS, 1):
        gradient = gradient + l2 * params
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        corrected = np.sqrt(second / (1 - 0.999**number)) + 1e-8
        step = first / (1 - 0.9**number) / corrected
        params = params - lr * step - lr * decoupled * params
    return params


def adam(**changes) -> np.ndarray:
    optimizer = make_optimizer(toy.config(**{"lr": 0.1} | changes).train)
    params = jnp.asarray(PARAMS, jnp.float32)
    state = optimizer.init(params)
    for gradient in GRADIENTS:
        updates, state = optimizer.update(jnp.asarray(gradient, jnp.float32), state, params)
        params = optax.apply_updates(params, updates)
    return np.asarray(params)


def test_without_decay():
    np.testing.assert_allclose(adam(), adam_by_hand(0.1), rtol=2e-5)


def test_coupled_decay_goes_into_the_gradient_as_torch_adams_does():
    expected = adam_by_hand(0.1, l2=0.2)
    np.testing.assert_allclose(adam(weight_decay=0.2), expected, rtol=2e-5)
    assert np.abs(expected - adam_by_hand(0.1)).max() > 0.01


def test_decoupled_decay_stands_beside_the_step_as_adamws_does():
    expected = adam_by_hand(0.1, decoupled=0.2)
    actual = adam(weight_decay=0.2, decoupled_decay=True)
    np.testing.assert_allclose(actual, expected, rtol=2e-5)
    assert np.abs(expected - adam_by_hand(0.1, l2=0.2)).max() > 0.01


def test_clipping_scales_to_the_global_norm_before_decay(monkeypatch: pytest.MonkeyPatch):
    norms = np.linalg.norm(GRADIENTS, axis=1, keepdims=True)
    clipped = GRADIENTS * np.minimum(1.0, 0.3 / norms)
    actual = adam(clip_norm=0.3, weight_decay=0.2)
    monkeypatch.setitem(globals(), "GRADIENTS", clipped)
    np.testing.assert_allclose(actual, adam_by_hand(0.1, l2=0.2), rtol=2e-5)


def test_the_mean_gradients_decay_can_be_chosen():
    first = -0.1 * np.sign(GRADIENTS[0])
    remembering, forgetful = adam(), adam(adam_beta=0.0)
    assert np.abs(remembering - forgetful).max() > 0.01
    # Without memory, Adam's second step follows the second gradient alone.
    assert np.sign(forgetful - PARAMS - first)[0] == -np.sign(GRADIENTS[1, 0])


def test_parts_have_rates_and_clipping_to_themselves():
    train = toy.config(lr=0.1, clip_norm=0.3, parts=(("big", 1.0), ("small", 0.5))).train
    optimizer = make_optimizer(train)
    params = {name: jnp.asarray(PARAMS, jnp.float32) for name in ("big", "small")}
    state = optimizer.init(params)
    scales = {"big": 1000.0, "small": 1.0}
    for gradient in GRADIENTS:
        gradients = {name: jnp.asarray(scale * gradient) for name, scale in scales.items()}
        updates, state = optimizer.update(gradients, state, params)
        params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(params["small"], adam(lr=0.05, clip_norm=0.3), rtol=1e-6)
    moved, would = params["big"] - PARAMS, adam(clip_norm=0.3) - PARAMS
    assert (np.sign(moved) == np.sign(would)).all()


def rates(steps: list[int], **changes) -> list[float]:
    rate = learning_rate(toy.config(lr=0.8, epochs=10, steps_per_epoch=10, **changes).train)
    return [float(rate(step)) for step in steps]


def test_a_constant_rate():
    assert rates([0, 99]) == pytest.approx([0.8, 0.8])


def test_the_rate_steps_down_by_epochs():
    decayed = rates([0, 19, 20, 39, 40], schedule="step", decay_epochs=2, decay_factor=0.5)
    assert decayed == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2])


def test_the_rate_falls_as_a_cosine_to_nothing():
    expected = [0.4 * (1 + math.cos(math.pi * step / 100)) for step in (0, 25, 50, 100)]
    assert rates([0, 25, 50, 100], schedule="cosine") == pytest.approx(expected, abs=1e-7)


def test_the_rate_warms_up_linearly_and_steps_down_when_it_would_have():
    warm = rates([0, 1, 3, 4, 19, 20], warmup_steps=4, schedule="step", decay_epochs=2)
    assert warm == pytest.approx([0.2, 0.4, 0.8, 0.8, 0.8, 0.08])


def test_an_unknown_schedule_is_told():
    with pytest.raises(InputError, match="'linear' is none; name constant, step or cosine"):
        learning_rate(toy.config(schedule="linear").train)
