"""Generators that are not trained, and yet say something."""

import jax.numpy as jnp
import numpy as np
from flax import nnx

from dvs_jax.stabgan.generator import Generator


def saying_something(untrained: Generator) -> Generator:
    """Return a generator that smooths about half, adds something, and trusts by looks."""
    changed, rng = nnx.clone(untrained), np.random.default_rng(1)
    for layer, size in ((changed.last, 0.2), (changed.trust, 0.3)):
        kernel = size * rng.normal(size=layer.kernel.shape)
        layer.kernel.set_value(jnp.asarray(kernel, jnp.float32))
    changed.last.bias.set_value(changed.last.bias.at[0].set(0.05))
    return changed
