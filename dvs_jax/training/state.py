"""The training state, which changes at every step."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Int, PyTree, UInt32

# A pytree of floating-point arrays.
Params = Any


class TrainState(NamedTuple):
    """Everything that a step reads and writes and a checkpoint stores.

    Attributes:
        params: the parameters, a pytree of floating-point arrays.
        ema: their exponential moving average, the same pytree; None if the config has none.
        optimizer: the optimiser's state.
        step: int32, the steps taken so far.
        key: uint32 [2], data of the random key from which the steps' keys are folded.
    """

    params: Params
    ema: Params | None
    optimizer: Any
    step: Int[Array, ""]
    key: UInt32[Array, "2"]


def begin(
    params: Params, optimizer: optax.GradientTransformation, ema_decay: float, seed: int
) -> TrainState:
    """Return the state before the first step, on the host.

    Args:
        params: the parameters to start from.
        optimizer: the optimiser, whose state is initialised.
        ema_decay: 0 for no moving average.
        seed: the random key's.
    """
    state = TrainState(
        params=params,
        ema=params if ema_decay else None,
        optimizer=optimizer.init(params),
        step=jnp.int32(0),
        key=jax.random.key_data(jax.random.key(seed)),
    )
    return to_host(state)


def averaged(ema: Params | None, params: Params, decay: float) -> Params | None:
    """Return decay · ema + (1 − decay) · params, or None if there is no average."""
    if ema is None:
        return None
    return jax.tree.map(lambda mean, new: decay * mean + (1.0 - decay) * new, ema, params)


def best_params(state: TrainState) -> Params:
    """Return the parameters to evaluate and ship: the moving average if there is one."""
    return state.params if state.ema is None else state.ema


def to_host(tree: PyTree) -> PyTree:
    """Return NumPy copies, since a step may overwrite its input state."""
    return jax.tree.map(lambda leaf: np.array(jax.device_get(leaf)), tree)
