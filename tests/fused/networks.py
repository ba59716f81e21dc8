"""Networks for tests."""

import numpy as np
from flax import nnx

from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork


def calm(architecture: Architecture) -> FusedNetwork:
    """Return a network that turns the camera little, so that rounding errors do not grow."""
    network = FusedNetwork(architecture, nnx.Rngs(1))
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = 0.1 * last.kernel[...]
    last.bias[...] = np.array([0.0, 0.0, 0.0, 1.0], np.float32)
    network.eval()
    return network
