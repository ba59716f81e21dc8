"""Networks and weights to test with."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.flow.raft_network import SMALL, Raft

SMALL_PARAMETERS, LARGE_PARAMETERS = 990_162, 5_257_536


def recipe(keys: Path) -> dict[str, np.ndarray]:
    """The official state dict whose numbers `golden/README.md` tells how to draw."""
    generator = np.random.default_rng(1)
    weights = {}
    for line in sorted(keys.read_text().splitlines()):
        key, _, written = line.partition(" ")
        shape = tuple(int(side) for side in written.strip("(),").split(",") if side)
        if not key.endswith("num_batches_tracked"):
            weights[key] = _scaled(key, generator.standard_normal(shape)).astype(np.float32)
    return weights


def _scaled(key: str, z: np.ndarray) -> np.ndarray:
    if z.ndim >= 2:
        return z * 0.7 * np.sqrt(2 / np.prod(z.shape[1:]))
    if key.endswith("running_var"):
        return 1 + 0.2 * np.tanh(z)
    return 1 + 0.1 * z if key.endswith("weight") else 0.05 * z


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
