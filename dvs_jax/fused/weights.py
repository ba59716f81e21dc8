"""Reads and writes fused networks."""

import hashlib
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from dvs_jax import checkpoint, pretrained, torch_file
from dvs_jax.errors import InputError
from dvs_jax.fused import architecture, convert
from dvs_jax.fused.network import FusedNetwork, without_weights

KIND = "fused"

DEFAULT_MODEL = "fused"
"""The shipped network that is used by default."""

_SAVED = (nnx.Param, nnx.BatchStat)


def save(network: FusedNetwork, folder: Path) -> None:
    """Write the network as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    metadata = {"kind": KIND, "architecture": architecture.to_dict(network.architecture)}
    checkpoint.save(folder, nnx.to_pure_dict(nnx.state(network, _SAVED)), metadata)


def load_model(which: str | Path) -> FusedNetwork:
    """Load a network in inference mode.

    Args:
        which: an Orbax folder, an official PyTorch checkpoint, or the name of pretrained weights.

    Raises:
        InputError: it is none of these, or its tensors do not fit; the message says which.
    """
    return load(Path(which) if Path(which).exists() else pretrained.locate(str(which)))


def load(path: Path) -> FusedNetwork:
    """Read a network, in inference mode, from an Orbax folder or an official PyTorch checkpoint.

    Raises:
        InputError: the path is neither, or a tensor does not fit; the message names it.
    """
    if path.is_dir():
        network = _from_orbax(path)
    elif path.is_file():
        network = convert.from_official(torch_file.read(path), path)
    else:
        raise InputError(f"{path}: no such file or folder; name an Orbax folder or a .checkpoint")
    network.eval()
    return network


def digest(network: FusedNetwork) -> str:
    """Return a hash that identifies the network's weights."""
    found = hashlib.sha256(repr(network.architecture).encode())
    for leaf in jax.tree.leaves(nnx.state(network)):
        found.update(np.asarray(leaf).tobytes())
    return found.hexdigest()


def _from_orbax(folder: Path) -> FusedNetwork:
    state, metadata = checkpoint.load(folder)
    if metadata.get("kind") != KIND:
        raise InputError(f"{folder}: holds a model of kind {metadata.get('kind')!r}, not {KIND!r}")
    network = without_weights(architecture.from_dict(metadata.get("architecture"), folder))
    wanted = _by_name(nnx.to_pure_dict(nnx.state(network, _SAVED)))
    shapes = {name: tuple(leaf.shape) for name, leaf in wanted.items()}
    checkpoint.require_shapes(_by_name(state), shapes, folder)
    for name, leaf in _by_name(state).items():
        if not np.isfinite(leaf).all():
            raise InputError(f"{folder}: {name} holds numbers that are not finite")
    target = nnx.state(network, _SAVED)
    nnx.replace_by_pure_dict(target, state)
    nnx.update(network, jax.tree.map(np.asarray, target))
    return network


def _by_name(tree: dict[str, Any]) -> dict[str, Any]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {".".join(str(key.key) for key in path): leaf for path, leaf in leaves}
