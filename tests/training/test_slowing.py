"""Slowing down what is too good."""

import jax.numpy as jnp
import numpy as np
import optax

from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.slowing import slowed

from . import toy


def factors(values: list[float]) -> list[float]:
    slow = slowed("accuracy", 0.95, 3)
    state, found = slow.init(jnp.zeros(2)), []
    for value in values:
        made, state = slow.update(jnp.ones(2), state, terms={"accuracy": jnp.float32(value)})
        found.append(float(made[0]))
    return found


def test_each_time_that_a_term_was_too_high_for_so_long_updates_are_halved():
    assert factors([1.0] * 7) == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_steps_count_in_a_row_only():
    assert factors([1.0, 1.0, 0.9, 1.0, 1.0, 0.95, 1.0]) == [1.0] * 7


def test_a_part_is_slowed_and_the_others_are_not():
    parts = (("judged", 1.0), ("judge", 1.0))
    train = toy.config(lr=0.1, parts=parts, slowed=(("judge", "accuracy", 0.95, 2),)).train
    optimizer = make_optimizer(train)
    params = {name: jnp.ones(3) for name, _ in parts}
    state = optimizer.init(params)
    terms = {"accuracy": jnp.float32(0.99)}
    for _ in range(2):
        updates, state = optimizer.update(params, state, params, terms=terms)
    np.testing.assert_allclose(updates["judge"], 0.5 * updates["judged"], rtol=1e-6)
    assert float(optax.tree.norm(updates["judged"])) > 0.1
