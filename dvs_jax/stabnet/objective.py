"""The training objective: runs the network along a sequence and compares it with the truth."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Key

from dvs_jax.stabnet import online, sequences
from dvs_jax.stabnet.network import Found, Look, Network
from dvs_jax.stabnet.online import State
from dvs_jax.stabnet.sequences import ASPECT
from dvs_jax.synthetic.paired.pose import WIDTH
from dvs_jax.training.photographs import Example

TERMS = ("half", "quarter", "eighth")

_LEAST_ERROR = 0.1
"""In pixels of a picture 640 wide: errors below count by their size, above by their logarithm."""


class Frame(NamedTuple):
    """What came of a frame.

    Attributes:
        errors: float32 [point], of the finest look, in pixels of a picture 640 wide.
        quarter: likewise, after the rounds at a quarter of the size.
        eighth: likewise, after those at an eighth.
        likeness: float32 [], see `Found`.
        is_cut: bool [], whether nothing could be found.
    """

    errors: Float[Array, "point"]
    quarter: Float[Array, "point"]
    eighth: Float[Array, "point"]
    likeness: Float[Array, ""]
    is_cut: Array


def sequence_loss(
    graph: nnx.GraphDef[Network],
    frames: int,
    params: nnx.State,
    example: Example,
    key: Key[Array, ""],
    weights: Mapping[str, Float[Array, ""]],
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """Return the weighted sum of the terms, and each term, of one sequence.

    "half", "quarter" and "eighth" are errors of the looks found at each scale.

    Args:
        graph: the network without its weights.
        frames: of the sequence.
        params: the weights, float32.
        example: what the sequence is drawn from.
        key: of all that is random.
        weights: of the terms by name.
    """
    found = run(graph, frames, params, example, key)[0]
    terms = {
        "half": _distance(found.errors, found.is_cut),
        "quarter": _distance(found.quarter, found.is_cut),
        "eighth": _distance(found.eighth, found.is_cut),
    }
    return sum((weights[name] * term for name, term in terms.items()), jnp.zeros(())), terms


def run(
    graph: nnx.GraphDef[Network],
    frames: int,
    params: nnx.State,
    example: Example,
    key: Key[Array, ""],
) -> tuple[Frame, tuple[Look, sequences.Sequence]]:
    """Return what came of all frames but the first, stacked; how they were drawn; the sequence.

    The network is driven by its own output, as it is in use; gradients do not go from frame to
    frame.
    """
    network, setting = nnx.merge(graph, params), sequences.setting()
    drawing, beginning = jax.random.split(key)
    sequence = sequences.draw(drawing, example, frames)
    state = sequences.begin(beginning, network, setting, sequence)

    def advance(state: State, number: Array) -> tuple[State, tuple[Frame, Look]]:
        state = jax.lax.stop_gradient(state)
        new, found = online.push(network, setting, state, sequence.picture[number])
        pose = sequence.pose[number - 1], sequence.pose[number]
        truth = sequences.true_source(state.look, *pose, _points())
        is_cut = sequence.is_cut[number] | sequence.is_cut[number - 1]
        return new, (_compared(found, jax.lax.stop_gradient(truth), is_cut), new.look)

    _, (found, looks) = jax.lax.scan(advance, state, jnp.arange(1, frames))
    return found, (looks, sequence)


def _points() -> Float[Array, "row column 2"]:
    """Return the output points at which looks are compared: what a crop of a tenth shows."""
    x, y = np.linspace(-0.4, 0.4, 10), np.linspace(-0.4, 0.4, 7) * ASPECT
    return jnp.asarray(np.stack(np.meshgrid(x, y), axis=-1), jnp.float32)


def _compared(found: Found, truth: Float[Array, "row column 2"], is_cut: Array) -> Frame:
    eighth, quarter = (_errors(look, truth) for look in found.rougher)
    return Frame(_errors(found.look, truth), quarter, eighth, found.likeness, is_cut)


def _errors(look: Look, truth: Float[Array, "row column 2"]) -> Float[Array, "point"]:
    off = look.source(_points(), ASPECT) - truth
    # Gradients of a length of 0 would not be finite.
    return WIDTH * jnp.sqrt((off**2).sum(axis=-1) + 1e-12).ravel()


def _distance(errors: Float[Array, "frame point"], is_cut: Array) -> Float[Array, ""]:
    return jnp.where(is_cut, 0.0, jnp.log1p(errors / _LEAST_ERROR).mean(axis=-1)).mean()
