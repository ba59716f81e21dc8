"""The training objective: the weighted losses of a window's three predictions."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from dvs_jax.viewport import sphere
from dvs_jax.viewport.cues import EYES
from dvs_jax.viewport.dataset import Example
from dvs_jax.viewport.starvp.losses import LOSSES
from dvs_jax.viewport.starvp.network import Network

_UNKNOWN = 0.1
"""Share of windows whose viewer is taken for one who is not known."""

TERMS = ("fused", "motion", "content")


def window_loss(
    graph: nnx.GraphDef[Network],
    loss: str,
    turn_at_random: bool,
    params: nnx.State,
    example: Example,
    key: Key[Array, ""],
    weights: Mapping[str, Float[Array, ""]],
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """Return the weighted sum of the terms, and each term, of one window.

    Args:
        graph: the network without its weights.
        loss: a key of `losses.LOSSES`.
        turn_at_random: whether windows are turned about the vertical by any angle.
        params: the weights, float32.
        example: the window.
        key: of all that is random.
        weights: of the terms by name.
    """
    example = augmented(example, key, turn_at_random)
    found = nnx.merge(graph, params)(*window_of(example))
    measure = LOSSES[loss]
    terms = {name: measure(getattr(found, name), example.future) for name in TERMS}
    return sum((weights[name] * term for name, term in terms.items()), jnp.zeros(())), terms


def window_of(example: Example) -> tuple[Any, ...]:
    """Return what the network is called with, of an example or of a batch."""
    return example.past, example.points, example.known, example.cues, example.viewer


def augmented(example: Example, key: Key[Array, ""], turn_at_random: bool) -> Example:
    """Mirror a window left to right by even chances, and turn it if that is asked for.

    In a tenth of the cases the viewer is taken for one who is not known.

    Args:
        example: the window.
        key: of all three.
        turn_at_random: whether it is turned about the vertical by any angle.
    """
    of_mirror, of_turn = jax.random.split(key)
    unknown = jax.random.bernoulli(jax.random.fold_in(key, 0), _UNKNOWN)
    side = jnp.where(jax.random.bernoulli(of_mirror), -1.0, 1.0)
    mirror = jnp.ones(3).at[1].set(side)
    angle = jax.random.uniform(of_turn, maxval=2.0 * math.pi) if turn_at_random else 0.0

    def changed(vectors: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
        mirrored = vectors * mirror.reshape((1,) * (vectors.ndim - 1) + (3,))
        return sphere.turned(mirrored, angle) if turn_at_random else mirrored

    points = jnp.concatenate([changed(example.points[..., :3]), example.points[..., 3:]], axis=-1)
    rightwards = jnp.ones(EYES).at[0].set(side)
    seen = example.cues._replace(
        gaze=changed(example.cues.gaze), eyes=example.cues.eyes * rightwards[None]
    )
    return example._replace(
        past=changed(example.past),
        future=changed(example.future),
        points=points,
        cues=seen,
        viewer=jnp.where(unknown, 0, example.viewer),
    )
