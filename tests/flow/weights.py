"""Networks and weights to test with."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.flow.raft_network import SMALL, Raft
from tests import state_dicts

SMALL_PARAMETERS, LARGE_PARAMETERS = 990_162, 5_257_536


def recipe(keys: Path) -> dict[str, np.ndarray]:
    """The official state dict whose numbers `golden/README.md` tells how to draw."""
    return state_dicts.draw(keys, 1)


def published_small(models: Path) -> Path:
    """The published RAFT-small file, where it lies beside the project."""
    path = models / "raft-small.pth"
    if not path.is_file():
        pytest.skip("raft-small.pth does not lie beside the project")
    return path


def untrained_small() -> Raft:
    """A network of random weights, drawn without compiling an initialiser for each."""
    generator = np.random.default_rng(2)
    graph, state = nnx.split(nnx.eval_shape(lambda: Raft(SMALL, rngs=nnx.Rngs(0))))

    def draw(shape: jax.ShapeDtypeStruct) -> jax.Array:
        scale = np.sqrt(2 / np.prod(shape.shape[:-1])) if len(shape.shape) > 1 else 0.1
        return jnp.asarray(generator.standard_normal(shape.shape) * scale, jnp.float32)

    return nnx.merge(graph, jax.tree.map(draw, state))
