"""Operations by hand: products, convolutions, loops and what is differentiated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from dvs_jax.training import operations, parallel
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.state import begin
from dvs_jax.training.step import make_step

from . import toy

STEPS, HIDDEN, READ = 50, 8, 5


def lstm(weights, inputs):
    """The last hidden state of an LSTM over inputs [step, number]."""

    def step(state, read):
        hidden, cell = state
        gates = weights @ jnp.concatenate([read, hidden])
        enter, forget, leave, new = jnp.split(gates, 4)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(new)
        return (jax.nn.sigmoid(leave) * jnp.tanh(cell), cell), None

    nothing = jnp.zeros(HIDDEN), jnp.zeros(HIDDEN)
    return lax.scan(step, nothing, inputs)[0][0]


WEIGHTS, INPUTS = np.ones((4 * HIDDEN, READ + HIDDEN)), np.ones((STEPS, READ))


def test_an_lstms_scan_counts_as_often_as_it_runs():
    once = 2 * 4 * HIDDEN * (READ + HIDDEN)
    assert operations.count(lstm, WEIGHTS, INPUTS) == STEPS * once
    batch = np.ones((16, STEPS, READ))
    assert operations.count(jax.vmap(lstm, (None, 0)), WEIGHTS, batch) == 16 * STEPS * once


def test_the_way_back_through_a_scan_costs_twice_the_way_there():
    """A product with a vector comes back as one with the matrix, and as one of two vectors."""
    there = operations.count(lstm, WEIGHTS, INPUTS)
    both = operations.count(jax.grad(lambda *given: lstm(*given).sum()), WEIGHTS, INPUTS)
    assert both == pytest.approx(3 * there, rel=0.01)


def test_a_product_is_counted_as_by_xla():
    given = np.ones((3, 64, 32)), np.ones((3, 32, 16))
    product = jax.jit(lambda a, b: a @ b)
    found = operations.count(product, *given)
    assert found == 2 * 3 * 64 * 32 * 16
    assert product.lower(*given).cost_analysis()["flops"] == pytest.approx(found, rel=1e-3)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_and_its_gradients(groups):
    picture, kernel = np.ones((2, 4, 16, 16)), np.ones((6, 4 // groups, 3, 3))
    convolve = lambda x, k: lax.conv(x, k, (1, 1), "SAME")  # noqa: E731
    if groups > 1:
        convolve = lambda x, k: lax.conv_general_dilated(  # noqa: E731
            x, k, (1, 1), "SAME", feature_group_count=groups
        )
    there = 2 * (2 * 6 * 16 * 16) * (4 // groups) * 9
    assert operations.count(convolve, picture, kernel) == there
    back = jax.grad(lambda *given: convolve(*given).sum(), argnums=(0, 1))
    # The sum's gradient needs no convolution of its own: only the way back is left.
    assert operations.count(back, picture, kernel) == pytest.approx(3 * there)


def test_zeros_between_the_pixels_do_not_count():
    picture, kernel = np.ones((1, 4, 8, 8)), np.ones((4, 6, 2, 2))
    twice = lambda x, k: lax.conv_transpose(  # noqa: E731
        x, k, (2, 2), "SAME", dimension_numbers=("NCHW", "IOHW", "NCHW")
    )
    assert operations.count(twice, picture, kernel) == 2 * (8 * 8 * 4 * 6) * 4


def test_of_branches_the_longest_counts():
    square = np.ones((8, 8))
    either = lambda x: lax.cond(x[0, 0] > 0, lambda x: x @ x, lambda x: x @ x @ x, x)  # noqa: E731
    assert operations.count(either, square) == 2 * 2 * 8**3


@pytest.mark.parametrize("kind", parallel.KINDS)
def test_a_step_is_counted_for_one_device(kind):
    train = toy.config(parallel=kind).train
    devices = parallel.all_devices(train, jax.devices()[:1])
    step = make_step(toy.loss, train, devices)
    state = devices.replicate(begin(toy.params(), make_optimizer(train), 0.0, 0))
    weights = devices.replicate({"error": np.float32(1.0), "size": np.float32(0.1)})
    batch = devices.distribute(toy.points(16))
    alone = operations.count(
        jax.vmap(lambda one: (toy.params()["layers"][0]["w"] @ one.x) @ toy.params()["out"]),
        toy.points(16),
    )
    assert alone == 16 * (2 * 4 * 3 + 2 * 4)
    assert 2 * alone <= operations.count(step, state, batch, weights) <= 3 * alone
