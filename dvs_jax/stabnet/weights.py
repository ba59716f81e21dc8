"""Reads and writes our network."""

from pathlib import Path

from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.official_weights import KIND

OURS = "correlation"
"""The architecture's name in checkpoints."""


def save(network: Network, folder: Path) -> None:
    """Write the network as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    state = nnx.to_pure_dict(nnx.state(network, nnx.Param))
    checkpoint.save(folder, state, {"kind": KIND, "architecture": OURS})


def load(folder: Path) -> Network:
    """Read a folder that `save` wrote.

    Raises:
        InputError: it holds another model, is damaged, or a tensor does not fit.
    """
    state, metadata = checkpoint.load(folder)
    found = metadata.get("kind"), metadata.get("architecture")
    if found != (KIND, OURS):
        raise InputError(f"{folder}: holds no StabNet of this package, but a model of {found[0]!r}")
    network = Network(nnx.Rngs(0))
    checkpoint.fill(network, checkpoint.by_name(state), folder)
    return network
