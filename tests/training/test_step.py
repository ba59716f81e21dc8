"""One step: its gradient, its parts, its keys, its moving average."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.training import parallel
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.state import TrainState, begin, to_host
from dvs_jax.training.step import make_step

from . import toy

WEIGHTS = {"error": np.float32(1.0), "size": np.float32(0.1)}


def take(steps: int, order=slice(None), loss=toy.loss, **changes):
    """The host's state and the last metrics after steps on one device, from toy batches."""
    train = toy.config(**changes).train
    devices = parallel.all_devices(train, jax.devices()[:1])
    step = make_step(loss, train, devices)
    state = devices.replicate(begin(toy.params(), make_optimizer(train), train.ema_decay, 0))
    weights, metrics = devices.replicate(WEIGHTS), {}
    for number in range(steps):
        batch = jax.tree.map(lambda x: x[order], toy.points(16, seed=number))
        state, metrics = step(state, devices.distribute(batch), weights)
    return to_host(state), to_host(metrics)


def assert_close(one: TrainState, other: TrainState) -> None:
    close = lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6, rtol=0)  # noqa: E731
    jax.tree.map(close, one.params, other.params)


def test_the_first_step_is_adams_on_the_mean_of_the_examples():
    """After one step from nothing, Adam moves by the rate against the gradient's sign."""
    state, metrics = take(1, loss_weights=((1, WEIGHTS),))
    batch, key = toy.points(16), jax.random.fold_in(jax.random.key(0), 0)
    total, gradient = 0.0, jax.tree.map(np.zeros_like, toy.params())
    for number in range(16):
        point = jax.tree.map(lambda x, n=number: x[n], batch)
        value, one = jax.value_and_grad(lambda p, k=point: mean_of(p, k, key))(toy.params())
        total += float(value) / 16
        gradient = jax.tree.map(lambda a, b: a + np.asarray(b) / 16, gradient, one)
    assert metrics["total"] == pytest.approx(total, rel=1e-5)
    norm = np.sqrt(sum((g**2).sum() for g in jax.tree.leaves(gradient)))
    assert metrics["gradient_norm"] == pytest.approx(norm, rel=1e-5)
    assert metrics["learning_rate"] == pytest.approx(0.01)
    jax.tree.map(
        lambda new, old, g: np.testing.assert_allclose(new, old - 0.01 * np.sign(g), atol=1e-5),
        state.params,
        toy.params(),
        gradient,
    )
    assert int(state.step) == 1


def mean_of(params, point, key):
    return toy.loss(params, point, jax.random.fold_in(key, point.seed), WEIGHTS)[0]


@pytest.mark.slow
def test_micro_batches_add_up_to_the_batch():
    whole, metrics = take(5)
    for parts in (2, 8, 16):
        split, split_metrics = take(5, micro_batches=parts)
        assert_close(split, whole)
        for name, value in metrics.items():
            assert split_metrics[name] == pytest.approx(value, rel=1e-5)


def test_an_examples_noise_does_not_depend_on_its_place_in_the_batch():
    assert_close(take(5, order=slice(None, None, -1))[0], take(5)[0])


def test_noise_differs_from_step_to_step():
    def noise(params, point, key, weights):
        return 0.0 * params["out"].sum(), {"error": jax.random.normal(key), "size": point.y}

    again = toy.points(16)._replace(seed=np.zeros(16, np.uint32))
    train = toy.config().train
    devices = parallel.all_devices(train, jax.devices()[:1])
    step, seen = make_step(noise, train, devices), []
    state = devices.replicate(begin(toy.params(), make_optimizer(train), 0.0, 0))
    for _ in range(3):
        state, metrics = step(state, devices.distribute(again), devices.replicate(WEIGHTS))
        seen.append(float(metrics["error"]))
    assert len(set(seen)) == 3


def test_the_moving_average_follows_the_parameters():
    expected = toy.params()
    for number in range(1, 4):
        new = take(number)[0].params
        expected = jax.tree.map(lambda mean, p: 0.7 * mean + 0.3 * p, expected, new)
    actual = take(3, ema_decay=0.7)[0].ema
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), actual, expected)
    assert take(1)[0].ema is None


def test_nothing_is_put_on_the_device_unasked():
    train = toy.config().train
    devices = parallel.all_devices(train, jax.devices()[:1])
    step = make_step(toy.loss, train, devices)
    on_host = begin(toy.params(), make_optimizer(train), 0.0, 0)
    weights = devices.replicate(WEIGHTS)
    with jax.transfer_guard("disallow"):
        placed = devices.distribute(toy.points(16))
        state, _ = step(devices.replicate(on_host), placed, weights)
        with pytest.raises(Exception, match=r"[Dd]isallowed host-to-device"):
            step(state, jax.tree.map(lambda x: x[None], toy.points(16)), weights)


def test_a_term_that_the_config_never_names_weighs_nothing():
    def loss(params, point, key, weights):
        total, terms = toy.loss(params, point, key, weights)
        return total + weights["unnamed"] * 1e6, terms | {"unnamed": jnp.float32(1e6)}

    state, metrics = take(2, loss=loss)
    assert_close(state, take(2)[0])
    assert metrics["unnamed"] == 1e6
