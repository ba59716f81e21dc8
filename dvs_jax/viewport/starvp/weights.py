"""Reads and writes a STAR-VP."""

from pathlib import Path

from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.viewport.starvp import architecture
from dvs_jax.viewport.starvp.network import Network

KIND = "viewport"
"""The system's name in checkpoints."""


def save(network: Network, folder: Path) -> None:
    """Write the network as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    state = nnx.to_pure_dict(nnx.state(network, nnx.Param))
    told = {"kind": KIND, "architecture": architecture.to_dict(network.of)}
    checkpoint.save(folder, state, told)


def load(folder: Path) -> Network:
    """Read a folder that `save` wrote.

    Raises:
        InputError: it holds another model, is damaged, or a tensor does not fit.
    """
    state, metadata = checkpoint.load(folder)
    if metadata.get("kind") != KIND or not isinstance(metadata.get("architecture"), dict):
        raise InputError(
            f"{folder}: holds no network that predicts viewports, but a model of "
            f"{metadata.get('kind')!r}"
        )
    of = architecture.from_dict(metadata["architecture"], folder)
    network = nnx.eval_shape(lambda: Network(of, nnx.Rngs(0)))
    checkpoint.fill(network, checkpoint.by_name(state), folder)
    return network
