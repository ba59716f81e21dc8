"""The training step of one device, of any number of devices."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float, Key, PyTree, UInt32
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.training.optimizer import learning_rate, make_optimizer
from dvs_jax.training.parallel import AXIS, Devices
from dvs_jax.training.state import Params, TrainState, averaged

Weights = Mapping[str, Float[Array, ""] | None]
"""Of the terms by name; None: the term counts for nothing, and need not be computed."""
Metrics = dict[str, Float[Array, ""]]


class Example(Protocol):
    """One sample of the training data: a pytree, of which training itself reads only the seed.

    Attributes:
        seed: uint32, drawn by the loader; with the step it determines the example's random key,
            independent of its place in the batch and of its device.
    """

    seed: UInt32[Array, ""]


Loss = Callable[
    [Params, Any, Key[Array, ""], Mapping[str, Float[Array, ""]]],
    tuple[Float[Array, ""], Mapping[str, Float[Array, ""]]],
]
Step = Callable[[TrainState, PyTree, Weights], tuple[TrainState, Metrics]]


def make_step(loss: Loss, train: ConfigDict, devices: Devices) -> Step:
    """Compile the training step.

    Args:
        loss: maps one example's (params, example, random key, weights by term) to the total and
            the terms by name, all float32 scalars. Every term has a weight: 0 if the config does
            not name it for this epoch; such a term is not in the mapping before it is looked up.
        train: the settings.
        devices: those on which it runs.

    Returns:
        step(state, batch, weights) -> (state, metrics), all on the devices. The input state's
        buffers are donated. The metrics are means over the global batch: "total", every term by
        its name, "gradient_norm" before clipping and "learning_rate".

    Raises:
        InputError: on the step's first call: the weights name an unknown term of the loss.
    """
    return devices.compile(device_step(loss, train))


def device_step(loss: Loss, train: ConfigDict) -> Step:
    """Return the step of one device, on its shard of the batch, under the axis `parallel.AXIS`."""
    optimizer, rate = make_optimizer(train), learning_rate(train)

    def step(state: TrainState, batch: Any, weights: Weights) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(jax.random.wrap_key_data(state.key), state.step)
        gradient, metrics = lax.pmean(
            _gradient(loss, state.params, batch, key, weights, train.micro_batches), AXIS
        )
        updates, optimizer_state = optimizer.update(
            gradient, state.optimizer, state.params, terms=metrics
        )
        params = optax.apply_updates(state.params, updates)
        metrics |= {"gradient_norm": optax.tree.norm(gradient), "learning_rate": rate(state.step)}
        ema = averaged(state.ema, params, train.ema_decay)
        return TrainState(params, ema, optimizer_state, state.step + 1, state.key), metrics

    return step


def _gradient(
    loss: Loss, params: Params, batch: Any, key: Key[Array, ""], weights: Weights, parts: int
) -> tuple[Params, Metrics]:
    """The mean gradient and terms over a device's shard, accumulated over micro-batches."""
    named = {name: weight for name, weight in weights.items() if weight is not None}

    def mean_loss(params: Params, part: Any) -> tuple[Float[Array, ""], Metrics]:
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, part.seed)
        # Terms that the config does not name have weight 0.
        known = defaultdict(lambda: jnp.float32(0.0), named)
        totals, terms = jax.vmap(lambda one, key: loss(params, one, key, known))(part, keys)
        _require_terms(weights, terms)
        return totals.mean(), jax.tree.map(jnp.mean, {"total": totals, **terms})

    gradient_of = jax.grad(mean_loss, has_aux=True)
    if parts == 1:
        return gradient_of(params, batch)
    split = jax.tree.map(lambda x: x.reshape(parts, len(x) // parts, *x.shape[1:]), batch)
    nothing = jax.tree.map(
        lambda x: jnp.zeros(x.shape, x.dtype),
        jax.eval_shape(gradient_of, params, jax.tree.map(lambda x: x[0], split)),
    )
    summed, _ = lax.scan(
        lambda total, part: (jax.tree.map(jnp.add, total, gradient_of(params, part)), None),
        nothing,
        split,
    )
    return jax.tree.map(lambda x: x / parts, summed)


def _require_terms(weights: Weights, terms: Mapping[str, Any]) -> None:
    unknown = sorted(weights.keys() - terms.keys())
    if unknown:
        raise InputError(
            f"config.train.loss_weights: {', '.join(unknown)} is no term of the loss; it has "
            f"{', '.join(sorted(terms))}"
        )
