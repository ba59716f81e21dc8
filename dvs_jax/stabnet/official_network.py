"""The official network: a residual network and a head, from what was shown to a grid's vertices."""

from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax.stabnet.residual_network import FEATURES, ResidualNetwork

HEIGHT, WIDTH = 288, 512
"""Pixels of the pictures that it was trained on."""

LAGS = (1, 2, 4, 8, 16, 32)
"""Which of the steady frames it sees: so many frames ago."""

OUTPUTS = 50

_WIDTHS = (FEATURES, 2048, 1024, 512, OUTPUTS)


class OfficialNetwork(nnx.Module):
    """Takes six steady frames, their black masks and the current frame.

    The three hidden layers of the head end in a ReLU. As published, the last layer does not begin
    at the identity.
    """

    def __init__(self, rngs: nnx.Rngs):
        self.encoder = ResidualNetwork(rngs)
        spread = nnx.initializers.variance_scaling(1.0, "fan_in", "uniform")
        self.head = nnx.List(
            [
                nnx.Linear(inputs, outputs, kernel_init=spread, rngs=rngs)
                for inputs, outputs in pairwise(_WIDTHS)
            ]
        )

    def __call__(self, x: Float[Array, "batch height width 13"]) -> Float[Array, "batch 50"]:
        """Return the vertices' displacements (see `official_warp.vertices`).

        Args:
            x: as `network_input` returns it, with a batch in front.
        """
        return self.displacements(self.encoder(x))

    def displacements(self, features: Float[Array, "batch 2048"]) -> Float[Array, "batch 50"]:
        """Return the vertices' displacements for the encoder's features."""
        for layer in self.head[:-1]:
            features = nnx.relu(layer(features))
        return self.head[-1](features)


def network_input(
    steady: Float[Array, "6 height width"],
    black: Float[Array, "6 height width"],
    current: Float[Array, "height width"],
) -> Float[Array, "height width 13"]:
    """Return what the network takes of one frame.

    Args:
        steady: steady frames `LAGS` ago, grey in [−0.5, 0.5], −1 where black.
        black: their masks, 1 where nothing of the frame is shown, else 0.
        current: the unsteady frame, grey in [−0.5, 0.5].
    """
    return jnp.moveaxis(jnp.concatenate([black, steady, current[None]]), 0, -1)


def without_weights() -> OfficialNetwork:
    """Return a network with shapes in place of weights, to be loaded."""
    return nnx.eval_shape(lambda: OfficialNetwork(nnx.Rngs(0)))


def parameter_count(network: OfficialNetwork) -> int:
    """Return how many numbers training changes."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
