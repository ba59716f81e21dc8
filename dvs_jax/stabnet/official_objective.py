"""The released program's objective: its terms, their weights, and when each is switched on."""

from typing import NamedTuple

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from dvs_jax.stabnet import losses, official_warp
from dvs_jax.stabnet.official_network import OfficialNetwork
from dvs_jax.stabnet.official_warp import Warped

FIRST_WITH_PICTURES, FIRST_WITH_BLACK, FIRST_WITH_TEMPORAL = 101, 1000, 5000
"""Iterations from which on terms are active; before, only the size of the outputs counts."""

_TEMPORAL = 500.0
_PENALTY = 0.012
_CONVOLUTIONS, _LAST_LAYER = 1e-4, 2e-4


class Terms(NamedTuple):
    """One frame's terms, unweighted; see `losses`."""

    size: Float[Array, ""]
    picture: Float[Array, ""]
    matches: Float[Array, ""]
    distortion: Float[Array, ""]
    inconsistency: Float[Array, ""]
    black: Float[Array, ""]


WEIGHTS = (0.16 * 0.004, 50.0, 1.0, 1.0, 20.0, 120.0)
"""Of the `Terms`, in their order."""


class Example(NamedTuple):
    """One frame to learn from.

    Attributes:
        unsteady: grey in [−0.5, 0.5].
        steady: likewise.
        match: points of the steady frame and of the unsteady one (see `losses`).
        valid: which of them count.
    """

    unsteady: Float[Array, "height width"]
    steady: Float[Array, "height width"]
    match: Float[Array, "match 4"]
    valid: Bool[Array, "match"]


def terms(theta: Float[Array, "50"], example: Example) -> tuple[Terms, Warped]:
    """Return one frame's terms, and its output.

    Args:
        theta: the network's output.
        example: the frame.
    """
    height, width = example.unsteady.shape
    vertex = official_warp.vertices(theta)
    position = official_warp.position_map(vertex, (width, height))
    image = official_warp.sample(example.unsteady, position)
    warped = Warped(image, official_warp.outside(position))
    found = Terms(
        size=losses.displacement_size(theta),
        picture=losses.picture_difference(warped, example.steady),
        matches=losses.nearest_match_distance(position, example.match, example.valid),
        distortion=losses.distortion(vertex),
        inconsistency=losses.inconsistency(vertex),
        black=losses.overshoot(vertex),
    )
    return found, warped


def total(
    theta: tuple[Float[Array, "50"], Float[Array, "50"]],
    pair: tuple[Example, Example],
    flow: Float[Array, "height width 2"],
    iteration: Int[Array, ""] | int,
) -> Float[Array, ""]:
    """Return the objective of a pair of consecutive frames, without the penalty on weights.

    Args:
        theta: the network's outputs for both.
        pair: the frames, the earlier first.
        flow: see `losses.temporal_difference`.
        iteration: of the training, from 0.
    """
    (earlier, shown), (later, shown_later) = map(terms, theta, pair)
    temporal = losses.temporal_difference(shown, shown_later, flow)
    pictures = jnp.where(iteration >= FIRST_WITH_PICTURES, 1.0, 0.0)
    black = jnp.where(iteration >= FIRST_WITH_BLACK, 1.0, 0.0)
    active = jnp.stack([jnp.ones(()), pictures, pictures, pictures, pictures, black])
    with_temporal = jnp.where(iteration >= FIRST_WITH_TEMPORAL, _TEMPORAL, 0.0)
    both = jnp.stack(earlier) + jnp.stack(later)
    return (active * jnp.asarray(WEIGHTS) * both).sum() + with_temporal * temporal


def weight_penalty(network: OfficialNetwork) -> Float[Array, ""]:
    """Return the weighted penalty on the convolutions' kernels and on the last layer's.

    The head's hidden layers have none.
    """
    convolutions = [
        layer.kernel[...] for _, layer in nnx.iter_modules(network) if isinstance(layer, nnx.Conv)
    ]
    squares = sum((kernel**2).sum() for kernel in convolutions) * (_CONVOLUTIONS / 2.0)
    return _PENALTY * (squares + (network.head[-1].kernel[...] ** 2).sum() * (_LAST_LAYER / 2.0))
