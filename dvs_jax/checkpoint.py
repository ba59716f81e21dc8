"""A network on disk: with `training.checkpoints`, the one module that talks to Orbax."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import Shaped

from dvs_jax.errors import InputError

_STATE, _METADATA = "state", "metadata"
_LONGEST_LIST = 3
# What Orbax raises on a folder whose files are missing, cut short or other than it wrote.
DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError)


def save(folder: str | os.PathLike[str], state: Any, metadata: dict[str, Any]) -> None:
    """Writes a checkpoint; the folder appears under its name only once it is complete.

    Every process of a multi-host program must call this with the same folder.

    Args:
        folder: the folder to make; its parents are made too.
        state: nested dictionaries of non-empty NumPy or JAX arrays of any shape, dtype and
            sharding, e.g. the pure dict of an nnx state. Keys hold no dots.
        metadata: what is needed to build the network anew, as JSON values.

    Raises:
        InputError: the folder exists already, or it cannot be written.
        TypeError: the metadata is not JSON.
    """
    # Orbax would notice in one of its threads, while others go on writing the state.
    json.dumps(metadata)
    folder = Path(folder).absolute()
    if folder.exists():
        raise InputError(f"{folder}: exists already; name another folder or remove this one")
    items = {_STATE: ocp.args.PyTreeSave(state), _METADATA: ocp.args.JsonSave(metadata)}
    try:
        with _checkpointer() as checkpointer:
            checkpointer.save(folder, ocp.args.Composite(**items))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: cannot be written: {reason(error)}") from error


def load(folder: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads a checkpoint that ``save`` wrote, on any number and kind of devices.

    Args:
        folder: the checkpoint's folder.

    Returns:
        The state as nested dictionaries of NumPy arrays on the host, in the saved shapes and
        dtypes, every key a string (``nnx.replace_by_pure_dict`` takes "0" for 0); and the
        metadata.

    Raises:
        InputError: the folder is absent, is no such checkpoint, or is damaged.
    """
    folder = Path(folder).absolute()
    _require_items(folder)
    try:
        with _checkpointer() as checkpointer:
            return _restore(checkpointer, folder)
    except DAMAGE as error:
        raise InputError(
            f"{folder}: damaged checkpoint: {reason(error)}; save or fetch it again"
        ) from error


def metadata(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads what a checkpoint says of itself, without its arrays.

    Raises:
        InputError: as ``load``.
    """
    folder = Path(folder).absolute()
    _require_items(folder)
    try:
        with _checkpointer() as checkpointer:
            items = {_METADATA: ocp.args.JsonRestore()}
            return dict(checkpointer.restore(folder, ocp.args.Composite(**items))[_METADATA])
    except DAMAGE as error:
        raise InputError(
            f"{folder}: damaged checkpoint: {reason(error)}; save or fetch it again"
        ) from error


def require_shapes(
    tensors: Mapping[str, Shaped[np.ndarray, "..."]],
    wanted: Mapping[str, tuple[int, ...]],
    path: str | os.PathLike[str],
) -> None:
    """Raises unless the tensors are, by name and shape, those a network wants.

    Args:
        tensors: arrays by name, as read from a file.
        wanted: the shape of every tensor of the network, by the same names.
        path: where the tensors come from, for the message.

    Raises:
        InputError: a tensor is missing, is not wanted, or has another shape; each is named.
    """
    missing = [name for name in wanted if name not in tensors]
    unexpected = [name for name in tensors if name not in wanted]
    misshapen = [
        f"{name} has shape {tensors[name].shape}, not {tuple(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tensors[name].shape != tuple(shape)
    ]
    # The most telling first: what is far down a long message is cut off.
    kinds = {"of another shape": misshapen, "unexpected": unexpected, "missing": missing}
    faults = [f"{kind}: {_listing(names)}" for kind, names in kinds.items() if names]
    if faults:
        raise InputError(
            f"{path}: holds another network than the one asked for; "
            f"tensors {'; '.join(faults)}; name the kind and layer sizes it was trained with"
        )


def _checkpointer() -> ocp.Checkpointer:
    handlers = {_STATE: ocp.PyTreeCheckpointHandler(), _METADATA: ocp.JsonCheckpointHandler()}
    return ocp.Checkpointer(ocp.CompositeCheckpointHandler(**handlers))


def _require_items(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of a checkpoint")
    for item in (_STATE, _METADATA):
        if not (folder / item).is_dir():
            raise InputError(
                f"{folder}: not a checkpoint of dvs_jax, for it has no {item} folder; "
                "name the folder that `dvs-jax convert` or training wrote"
            )


def _restore(checkpointer: ocp.Checkpointer, folder: Path) -> tuple[Any, Any]:
    """Restores to the host, which needs neither a target tree nor the devices of the saver."""
    described = checkpointer.metadata(folder).item_metadata[_STATE]
    if described is None:
        raise LookupError("its state does not say what it holds")
    to_host = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), described.tree)
    items = {
        _STATE: ocp.args.PyTreeRestore(restore_args=to_host),
        _METADATA: ocp.args.JsonRestore(),
    }
    restored = checkpointer.restore(folder, ocp.args.Composite(**items))
    if not isinstance(restored[_METADATA], dict):
        raise TypeError("its metadata is not a JSON object")
    return restored[_STATE], restored[_METADATA]


def reason(error: Exception) -> str:
    """The gist of an error; TensorStore adds its whole specification in brackets."""
    return getattr(error, "strerror", None) or str(error).split(" [")[0]


def _listing(names: list[str]) -> str:
    rest = len(names) - _LONGEST_LIST
    return ", ".join(names[:_LONGEST_LIST]) + (f" and {rest} more" if rest > 0 else "")
