"""Reads and writes the official network: published files, and checkpoints of this package."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.stabnet import tensor_bundle
from dvs_jax.stabnet.official_names import UNUSED, Names, all_names
from dvs_jax.stabnet.official_network import OfficialNetwork, without_weights

KIND = "stabnet"
OFFICIAL = "official"

_MARK = "resnet50.resnet_v2_50_"
"""What keys of the PyTorch port begin with."""


def is_port(content: Mapping[Any, Any]) -> bool:
    """Return whether a torch file's content looks like the PyTorch port's state dict."""
    return any(isinstance(name, str) and name.startswith(_MARK) for name in content)


def load(path: Path) -> OfficialNetwork:
    """Read the network, in inference mode.

    Args:
        path: the port's `stabNet.pth`; the `.index` file of the authors' TensorFlow checkpoint,
            which lies beside its `.data-…` files; or a folder that `save` wrote.

    Raises:
        InputError: it is none of these, is damaged, or a tensor does not fit.
    """
    if path.is_dir():
        return from_folder(path)
    if path.suffix == tensor_bundle.SUFFIX:
        return from_tensorflow(path)
    return from_port(torch_file.read(path), path)


def save(network: OfficialNetwork, folder: Path) -> None:
    """Write the network as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    state = nnx.to_pure_dict(nnx.state(network, (nnx.Param, nnx.BatchStat)))
    checkpoint.save(folder, state, {"kind": KIND, "architecture": OFFICIAL})


def from_folder(folder: Path) -> OfficialNetwork:
    """Read a folder that `save` wrote; see `load`."""
    state, metadata = checkpoint.load(folder)
    found = metadata.get("kind"), metadata.get("architecture")
    if found != (KIND, OFFICIAL):
        raise InputError(f"{folder}: holds no official StabNet, but a model of kind {found[0]!r}")
    return _filled(checkpoint.by_name(state), folder)


def from_port(content: Mapping[Any, Any], file: Path) -> OfficialNetwork:
    """Return the network that a state dict of the PyTorch port describes.

    Args:
        content: what `torch_file.read` found.
        file: named in errors.

    Raises:
        InputError: a tensor is missing, left over, not finite or of another shape.
    """
    if not is_port(content):
        raise InputError(f"{file}: no StabNet weights (no keys {_MARK}*)")
    found = {str(name): value for name, value in content.items() if _is_read(str(name))}
    named = {each.port: each.ours for each in all_names()}
    return _filled(checkpoint.renamed(found, named, file), file)


def _is_read(name: str) -> bool:
    return not (name.endswith("num_batches_tracked") or any(each in name for each in UNUSED))


def from_tensorflow(index: Path) -> OfficialNetwork:
    """Return the network of the authors' TensorFlow checkpoint.

    Args:
        index: the checkpoint's `.index` file.

    Raises:
        InputError: a file is missing or damaged, or a tensor is missing or of another shape.
    """
    bundle = tensor_bundle.read_index(index)
    arrays = {each.ours: bundle.read(_variable(bundle, each, index)) for each in all_names()}
    return _filled(arrays, index)


def _variable(bundle: tensor_bundle.TensorBundle, wanted: Names, index: Path) -> str:
    """Return a variable's name by its end: scopes around the network differ between programs."""
    found = [name for name in bundle.entries if f"/{name}".endswith(f"/{wanted.tensorflow}")]
    if len(found) != 1:
        how = "no variable" if not found else f"{len(found)} variables"
        raise InputError(f"{index}: no StabNet weights; {how} ending in {wanted.tensorflow}")
    return found[0]


def _filled(arrays: Mapping[str, np.ndarray], path: Path) -> OfficialNetwork:
    network = without_weights()
    checkpoint.fill(network, arrays, path)
    network.eval()
    return network
