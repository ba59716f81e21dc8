"""Viewers whom a network was not trained on: what it may take them for, and what that is worth."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Int

from dvs_jax.errors import InputError
from dvs_jax.viewport.dataset import Example
from dvs_jax.viewport.starvp import objective
from dvs_jax.viewport.starvp.losses import LOSSES
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.tracks import RATE
from dvs_jax.viewport.windows import Windows

ADAPT_S = 10.0
"""Of a video, from its begin, from which a viewer is learned."""

STEPS = 100
_RATE = 0.03

Embedding = Float[np.ndarray, "32"]


class Gain(NamedTuple):
    """What knowing viewers is worth.

    Attributes:
        viewer: str [viewer].
        gain_deg: float64 [viewer], the mean error with the row of the unknown, minus that with the
            viewer's own.
        variance_before: of the viewers' mean errors with the row of the unknown, in square degrees.
        variance_after: likewise with their own.
    """

    viewer: np.ndarray
    gain_deg: Float[np.ndarray, "viewer"]
    variance_before: float
    variance_after: float


def mean_known(network: Network) -> Embedding:
    """Return the mean of the viewers whom a network knows: what a stranger most likely is like.

    Raises:
        InputError: it knows none.
    """
    return np.asarray(_table(network)[1:].mean(axis=0))


def adapted(
    network: Network, examples: Example, steps: int = STEPS, begin: Embedding | None = None
) -> Embedding:
    """Learn a viewer from some windows; nothing else of the network changes.

    Args:
        network: knows some viewers.
        examples: a batch of windows of the viewer.
        steps: of Adam, each on all windows.
        begin: from what; by default from the mean of those who are known.

    Raises:
        InputError: the network knows no viewers.
    """
    known = jnp.asarray(mean_known(network) if begin is None else begin)
    graph, params = nnx.split(network)
    examples = jax.device_put(examples._replace(viewer=np.zeros_like(examples.viewer)))
    return np.asarray(_descend(graph, steps, params, known, examples))


def as_unknown(network: Network, known: Embedding) -> Network:
    """Return a network that takes whom it does not know for this one.

    Raises:
        InputError: it knows no viewers.
    """
    _table(network)
    graph, params = nnx.split(network)
    return nnx.merge(graph, _with(params, jnp.asarray(known)))


def parts(
    found: Windows, seconds: float = ADAPT_S
) -> tuple[Int[np.ndarray, "earlier"], Int[np.ndarray, "later"]]:
    """Return which windows a viewer may be learned from, and which may be scored then.

    Args:
        found: of the viewer.
        seconds: of the video: windows that end before are learned from, and those whose future
            begins after are scored; others are neither.

    Raises:
        InputError: either has none.
    """
    bound = round(seconds * RATE)
    earlier = np.flatnonzero(found.last + found.future.shape[1] < bound)
    later = np.flatnonzero(found.last + 1 >= bound)
    if not len(earlier) or not len(later):
        raise InputError(
            f"{seconds:g} s of the video leave no window to learn a viewer from, or none to score; "
            "8 s or more are needed for either"
        )
    return earlier, later


def gain(
    before_deg: Float[np.ndarray, "window step"],
    after_deg: Float[np.ndarray, "window step"],
    viewer: np.ndarray,
) -> Gain:
    """Return what knowing viewers is worth.

    Args:
        before_deg: errors with the row of the unknown.
        after_deg: of the same windows, with the viewers' own.
        viewer: str [window], whose each is.
    """
    names, number = np.unique(viewer, return_inverse=True)
    windows = np.bincount(number)
    before, after = (
        np.bincount(number, each.mean(axis=1)) / windows for each in (before_deg, after_deg)
    )
    return Gain(names, before - after, float(before.var()), float(after.var()))


def _table(network: Network) -> Float[Array, "row 32"]:
    if not network.of.viewers:
        raise InputError(
            "this network tells no viewers apart; train one with config.data.known_viewers"
        )
    return network.viewers.table[...]


def _with(params: nnx.State, known: Float[Array, "32"]) -> nnx.State:
    """Put an embedding in the row of the unknown."""
    table: Any = params["viewers"]["table"]
    changed = table.replace(table[...].at[0].set(known))
    return nnx.merge_state(params, nnx.State({"viewers": {"table": changed}}))


@partial(jax.jit, static_argnums=(0, 1))
def _descend(
    graph: nnx.GraphDef[Network],
    steps: int,
    params: nnx.State,
    begin: Float[Array, "32"],
    examples: Example,
) -> Float[Array, "32"]:
    optimizer = optax.adam(_RATE)

    def loss(known: Float[Array, "32"]) -> Float[Array, ""]:
        network = nnx.merge(graph, _with(params, known))
        found = jax.vmap(network)(*objective.window_of(examples))
        return jax.vmap(LOSSES["orthodromic"])(found.fused, examples.future).mean()

    def step(
        carry: tuple[Float[Array, "32"], optax.OptState], _: None
    ) -> tuple[tuple[Float[Array, "32"], optax.OptState], None]:
        known, state = carry
        change, state = optimizer.update(jax.grad(loss)(known), state)
        return (optax.apply_updates(known, change), state), None

    return jax.lax.scan(step, (begin, optimizer.init(begin)), length=steps)[0][0]
