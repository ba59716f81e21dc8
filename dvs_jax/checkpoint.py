"""A network's checkpoint on disk. Only this module and `training.checkpoints` use Orbax."""

import contextlib
import hashlib
import json
import logging
import math
import os
import sys
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from flax import nnx
from jax.experimental import multihost_utils
from jaxtyping import PyTree, Shaped

from dvs_jax.errors import InputError
from dvs_jax.whole_file import temporary

_STATE, _METADATA, _SEAL = "state", "metadata", "seal"
_LONGEST_LIST, _LONGEST_REASON = 3, 200

_log = logging.getLogger("dvs_jax")

TEMPORARY_SUFFIX = ".orbax-checkpoint-tmp"
"""What Orbax appends to the name of a folder until it is complete."""

# What Orbax raises if files in the folder are missing, cut short or damaged.
DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError),
    *(RecursionError, MemoryError),
)


def save(folder: str | os.PathLike[str], state: Any, metadata: dict[str, Any]) -> None:
    """Writes a checkpoint; the folder appears under its name only once it is complete.

    Of several processes one writes it, and waits for no other.

    Args:
        folder: the folder to make; its parents are made too.
        state: nested dictionaries of non-empty NumPy or JAX arrays of any shape, dtype and
            sharding, e.g. the pure dict of an nnx state. Keys hold no dots.
        metadata: what is needed to rebuild the network, as JSON values by names other than
            "seal".

    Raises:
        InputError: the folder exists already, or it cannot be written.
        TypeError: the metadata is not JSON.
    """
    # Here, because Orbax would fail in one of its threads while others go on writing the state.
    json.dumps(metadata)
    folder = Path(folder).absolute()
    if folder.exists():
        raise InputError(f"{folder}: exists already; name another folder or remove this one")
    content = sealed(metadata, state)
    items = {_STATE: ocp.args.PyTreeSave(state), _METADATA: ocp.args.JsonSave(content)}
    unfinished = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    try:
        with quiet(), temporary.registered(unfinished), _checkpointer() as checkpointer:
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
        InputError: the folder is absent, is not a checkpoint, or is damaged.
    """
    folder = Path(folder).absolute()
    _require_items(folder)
    try:
        with quiet(), _checkpointer() as checkpointer:
            return _restore(checkpointer, folder)
    except DAMAGE as error:
        raise InputError(
            f"{folder}: damaged checkpoint: {reason(error)}; save or fetch it again"
        ) from error


def metadata(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads a checkpoint's metadata without reading, and so without checking, its arrays.

    Raises:
        InputError: as ``load``.
    """
    folder = Path(folder).absolute()
    _require_items(folder)
    try:
        with quiet(), _checkpointer() as checkpointer:
            content = _content(checkpointer, folder)
    except DAMAGE as error:
        raise InputError(
            f"{folder}: damaged checkpoint: {reason(error)}; save or fetch it again"
        ) from error
    return {name: value for name, value in content.items() if name != _SEAL}


def sealed(content: dict[str, Any], state: PyTree) -> dict[str, Any]:
    """Return the content with a seal: the SHA-256 of content and state, and the state's bytes.

    Args:
        content: JSON values by names other than "seal".
        state: arrays in nested containers.
    """
    leaves = by_name(state)
    size = sum(leaf.nbytes for leaf in leaves.values())
    return content | {_SEAL: {"bytes": size, "sha256": _digest(content, leaves)}}


def require_size(content: dict[str, Any], described: PyTree) -> None:
    """Raise if a checkpoint's arrays are not of the size that was saved, before they are read.

    Args:
        content: as `sealed` returned it; checkpoints from before there were seals pass.
        described: shape and dtype of each array.

    Raises:
        ValueError: they are not.
    """
    if _SEAL in content:
        leaves = jax.tree.leaves(described)
        size = sum(math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in leaves)
        if size != content[_SEAL]["bytes"]:
            raise ValueError(f"its arrays have {size} bytes, not {content[_SEAL]['bytes']}")


def unsealed(content: dict[str, Any], state: PyTree, folder: Path) -> dict[str, Any]:
    """Return the content without its seal, after checking content and state against it.

    Args:
        content: as `sealed` returned it; without a seal it passes, with a note in the log.
        state: the arrays that were read.
        folder: the checkpoint's, for the note.

    Raises:
        ValueError: either has changed.
    """
    bare = {name: value for name, value in content.items() if name != _SEAL}
    if _SEAL not in content:
        if any(isinstance(value, dict) and "sha256" in value for value in bare.values()):
            raise ValueError("the name of its digest is not the one that was saved")
        _log.info("%s: was saved before checkpoints had a digest; damage would not show", folder)
    elif content[_SEAL]["sha256"] != _digest(bare, by_name(state)):
        raise ValueError("its numbers are not those that were saved")
    return bare


def fingerprint(network: nnx.Module) -> str:
    """Returns a hash that identifies a network's parameters and moving statistics."""
    state = nnx.state(network, (nnx.Param, nnx.BatchStat))
    return _digest({}, by_name(nnx.to_pure_dict(state)))


def _digest(content: dict[str, Any], leaves: Mapping[str, Shaped[np.ndarray, "..."]]) -> str:
    # As read back from JSON: lists for tuples, strings for all keys.
    told = json.dumps(json.loads(json.dumps(content)), sort_keys=True)
    found = hashlib.sha256(told.encode())
    for name in sorted(leaves):
        leaf = leaves[name]
        found.update(f"{name} {leaf.dtype} {leaf.shape}\n".encode())
        found.update(leaf.tobytes())
    return found.hexdigest()


def by_name(state: PyTree) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Returns a state's arrays, on the host, by their keys with dots between them."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): _on_host(leaf)
        for path, leaf in leaves
    }


def _on_host(leaf: Any) -> Shaped[np.ndarray, "..."]:
    if isinstance(leaf, jax.Array) and not (leaf.is_fully_addressable or leaf.is_fully_replicated):
        leaf = multihost_utils.process_allgather(leaf, tiled=True)
    return np.asarray(leaf)


def require_shapes(
    tensors: Mapping[str, Shaped[np.ndarray, "..."]],
    wanted: Mapping[str, tuple[int, ...]],
    path: str | os.PathLike[str],
) -> None:
    """Raises unless the tensors have the names and shapes that a network needs.

    Args:
        tensors: arrays by name, as read from a file.
        wanted: the shape of every tensor of the network, by the same names.
        path: where the tensors come from, for the message.

    Raises:
        InputError: a tensor is missing, superfluous, or has another shape; each is named.
    """
    missing = [name for name in wanted if name not in tensors]
    unexpected = [name for name in tensors if name not in wanted]
    misshapen = [
        f"{name} has shape {tensors[name].shape}, not {tuple(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tensors[name].shape != tuple(shape)
    ]
    # The most useful first, since long messages are cut.
    kinds = {"of another shape": misshapen, "unexpected": unexpected, "missing": missing}
    faults = [f"{kind}: {_listing(names)}" for kind, names in kinds.items() if names]
    if faults:
        raise InputError(
            f"{path}: holds another network than the one asked for; "
            f"tensors {'; '.join(faults)}; name the kind and layer sizes it was trained with"
        )


def of_this_process() -> ocp.options.MultiprocessingOptions:
    """Return Orbax's options of a folder that one process uses, which waits for no other."""
    own, count = jax.process_index(), jax.process_count()
    if count == 1:
        return ocp.options.MultiprocessingOptions()
    return ocp.options.MultiprocessingOptions(
        primary_host=own, active_processes={own}, barrier_sync_key_prefix=f"process_{own}"
    )


def _checkpointer() -> ocp.Checkpointer:
    own = of_this_process()
    handlers = {
        _STATE: ocp.PyTreeCheckpointHandler(multiprocessing_options=own),
        _METADATA: ocp.JsonCheckpointHandler(multiprocessing_options=own),
    }
    options = ocp.CompositeOptions(multiprocessing_options=own)
    handler = ocp.CompositeCheckpointHandler(composite_options=options, **handlers)
    return ocp.Checkpointer(handler, multiprocessing_options=own)


def _require_items(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of a checkpoint")
    for item in (_STATE, _METADATA):
        if not (folder / item).is_dir():
            raise InputError(
                f"{folder}: not a checkpoint of dvs_jax, for it has no {item} folder; "
                "name the folder that `dvs-jax convert` or training wrote"
            )


def _content(checkpointer: ocp.Checkpointer, folder: Path) -> dict[str, Any]:
    items = {_METADATA: ocp.args.JsonRestore()}
    content = checkpointer.restore(folder, ocp.args.Composite(**items))[_METADATA]
    if not isinstance(content, dict):
        raise TypeError("its metadata is not a JSON object")
    return content


def _restore(checkpointer: ocp.Checkpointer, folder: Path) -> tuple[Any, Any]:
    """Restores to the host, without a target tree and without the devices of the saving process."""
    content = _content(checkpointer, folder)
    described = checkpointer.metadata(folder).item_metadata[_STATE]
    if described is None:
        raise LookupError("its state does not say what it holds")
    require_size(content, described.tree)
    to_host = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), described.tree)
    arrays = {_STATE: ocp.args.PyTreeRestore(restore_args=to_host)}
    state = checkpointer.restore(folder, ocp.args.Composite(**arrays))[_STATE]
    return state, unsealed(content, state, folder)


def reason(error: Exception) -> str:
    """An error's message without the specification that TensorStore appends in brackets."""
    gist = getattr(error, "strerror", None) or str(error).split(" [")[0]
    return textwrap.shorten(gist, _LONGEST_REASON, placeholder=" …")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Orbax from printing tracebacks of errors that are reported in one line here."""
    _drop_what_comes_late()
    logger = logging.getLogger("absl")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


_tell = sys.unraisablehook


def _drop_what_comes_late() -> None:
    """Silence asyncio's warnings about reads that fail after another has failed already."""
    global _tell
    logging.getLogger("asyncio").addFilter(_is_not_late)
    warnings.filterwarnings("ignore", "coroutine .*Handler.* was never awaited", RuntimeWarning)
    if sys.unraisablehook is not _tell_unless_late:
        _tell, sys.unraisablehook = sys.unraisablehook, _tell_unless_late


def _is_not_late(record: logging.LogRecord) -> bool:
    return "exception was never retrieved" not in record.getMessage()


def _tell_unless_late(told: Any) -> None:
    if str(told.exc_value) != "Event loop is closed":
        _tell(told)


def _listing(names: list[str]) -> str:
    rest = len(names) - _LONGEST_LIST
    return ", ".join(names[:_LONGEST_LIST]) + (f" and {rest} more" if rest > 0 else "")


def fill(
    network: nnx.Module,
    tensors: Mapping[str, Shaped[np.ndarray, "..."]],
    path: str | os.PathLike[str],
) -> None:
    """Puts arrays in the place of a network's parameters and moving statistics, as float32.

    Args:
        network: with weights, or with shapes in their place (`nnx.eval_shape`).
        tensors: arrays by the network's attributes, with dots between them.
        path: where the tensors come from, for messages.

    Raises:
        InputError: a tensor is missing, superfluous, of another shape, not finite in float32, or a
            negative variance.
    """
    state = nnx.state(network, (nnx.Param, nnx.BatchStat))
    wanted = {".".join(map(str, keys)): each for keys, each in nnx.to_flat_state(state)}
    require_shapes(tensors, {name: each.shape for name, each in wanted.items()}, path)
    for name, variable in wanted.items():
        variable.set_value(jax.numpy.asarray(_single(name, tensors[name], path)))
    nnx.update(network, state)


def renamed(
    tensors: Mapping[str, Any], names: Mapping[str, str], path: str | os.PathLike[str]
) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Returns a published file's tensors under the names and in the axes of a network, for `fill`.

    Args:
        tensors: of PyTorch, by the file's names.
        names: the network's names by the file's; tensors of other names keep theirs.
        path: of the file, for messages.

    Raises:
        InputError: one is missing, or is no tensor.
    """
    if missing := [name for name in names if name not in tensors]:
        raise InputError(f"{path}: holds no network as published; missing: {_listing(missing)}")
    return {names.get(name, name): from_torch(each, name, path) for name, each in tensors.items()}


def from_torch(value: Any, name: str, path: str | os.PathLike[str]) -> Shaped[np.ndarray, "..."]:
    """Returns a layer's tensor of PyTorch, [output, input, …], in Flax's axes, […, input, output].

    Args:
        value: what `torch_file.read` found; vectors and scalars stay as they are.
        name: of the tensor, for messages.
        path: of the file, for messages.

    Raises:
        InputError: it is no tensor.
    """
    if not isinstance(value, np.ndarray):
        raise InputError(f"{path}: {name} is a {type(value).__name__}, not a tensor")
    return value.transpose(*range(2, value.ndim), 1, 0) if value.ndim >= 2 else value


def _single(
    name: str, tensor: Shaped[np.ndarray, "..."], path: str | os.PathLike[str]
) -> Shaped[np.ndarray, "..."]:
    with np.errstate(over="ignore"):
        single = tensor.astype(np.float32)
    if not np.isfinite(single).all():
        raise InputError(f"{path}: {name} holds numbers that are not finite in float32")
    if name.endswith(".var") and (single < 0.0).any():
        raise InputError(f"{path}: {name} is a variance and holds negative numbers")
    return single
