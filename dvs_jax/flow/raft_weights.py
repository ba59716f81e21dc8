"""RAFT's weights: reading the published files and this package's own format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Float

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.flow.raft_network import LARGE, SMALL, Raft

_PREFIX = "module."
_BATCH_NORM_EPSILON = 1e-5

Layer = dict[str, Float[np.ndarray, "..."]]


def load(path: str | Path, dtype: DTypeLike = jnp.float32) -> Raft:
    """The network, large or small, from a file or folder of weights.

    Args:
      path: a published `.pth` file, or a folder that `convert` wrote.
      dtype: of the convolutions; the correlation and the flow stay float32.

    Raises:
      InputError: the weights cannot be read, or are not RAFT's.
    """
    return network(_read(path), path, dtype)


def convert(path: str | Path, folder: str | Path) -> None:
    """Write a published `.pth` file's weights to a folder of this package's own.

    Raises:
      InputError: these are no published RAFT weights, or the folder cannot be written.
    """
    weights = _read(path)
    network(weights, path)
    checkpoint.save(folder, weights, {"model": _name(weights)})


def network(weights: dict[str, Any], path: str | Path, dtype: DTypeLike = jnp.float32) -> Raft:
    """The network that holds some weights.

    Args:
      weights: as `converted` returns them.
      path: where they came from, for messages.
      dtype: of the convolutions.

    Raises:
      InputError: a weight is missing, left over, or of the wrong shape.
    """
    size = SMALL if _name(weights) == "raft-small" else LARGE
    graph, state = nnx.split(nnx.eval_shape(lambda: Raft(size, dtype=dtype, rngs=nnx.Rngs(0))))
    given = {
        ".".join(str(key.key) for key in keys): array
        for keys, array in jax.tree_util.tree_leaves_with_path(weights)
    }
    expected = {".".join(map(str, keys)): each for keys, each in nnx.to_flat_state(state)}
    checkpoint.require_shapes(given, {name: each.shape for name, each in expected.items()}, path)
    for name, variable in expected.items():
        variable.set_value(jnp.asarray(given[name], jnp.float32))
    return nnx.merge(graph, state)


def _read(path: str | Path) -> dict[str, Any]:
    if Path(path).is_dir():
        return checkpoint.load(path)[0]
    return converted(torch_file.read(path), path)


def _name(weights: dict[str, Any]) -> str:
    return "raft-large" if "mask_head" in weights else "raft-small"


def converted(state_dict: Mapping[Any, Any], path: str | Path) -> dict[str, Any]:
    """Rename and regroup an official state dict.

    Kernels become [height, width, input, output]; the context encoder's batch norm is folded into
    its convolutions; the GRU's convolutions are split by input and joined across gates.

    Args:
      state_dict: the official keys, with or without `module.` before them.
      path: the file they came from, for messages.

    Returns:
      Nested dictionaries of float32 arrays, named like the attributes of `Raft`; lists are
      dictionaries keyed "0", "1", ….

    Raises:
      InputError: a key is missing or not of this network, or an array has not the right axes or
        holds numbers that are not finite.
    """
    source = _Source(state_dict, path)
    try:
        tree = _tree(source)
    except (ValueError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: no RAFT weights, their shapes do not fit together") from error
    source.require_all_used()
    return tree


def _tree(source: "_Source") -> dict[str, Any]:
    tree = {
        "feature_encoder": _encoder(source, "fnet"),
        "context_encoder": _encoder(source, "cnet"),
        "motion_encoder": _motion_encoder(source, "update_block.encoder"),
        "gru": _listed(
            [_gru_step(source, step) for step in ("", "1", "2") if source.has(_gate("z", step))]
        ),
        "flow_head": {
            "inner": source.convolution("update_block.flow_head.conv1"),
            "outer": source.convolution("update_block.flow_head.conv2"),
        },
    }
    if source.has("update_block.mask.0"):
        tree["mask_head"] = {
            "inner": source.convolution("update_block.mask.0"),
            "outer": source.convolution("update_block.mask.2"),
        }
    return tree


class _Source:
    """A state dict that records which of its keys were used."""

    def __init__(self, state_dict: Mapping[Any, Any], path: str | Path):
        self._path = path
        self._arrays = {
            key.removeprefix(_PREFIX): value
            for key, value in state_dict.items()
            if isinstance(key, str)
            and isinstance(value, np.ndarray)
            and not key.endswith("num_batches_tracked")
        }
        self._unused = set(self._arrays)

    def has(self, layer: str) -> bool:
        return any(key.startswith(f"{layer}.") for key in self._arrays)

    def array(self, key: str) -> Float[np.ndarray, "..."]:
        if key not in self._arrays:
            raise InputError(f"{self._path}: no RAFT weights, {key!r} is missing")
        self._unused.discard(key)
        values = self._arrays[key].astype(np.float32)
        if not np.isfinite(values).all():
            raise InputError(f"{self._path}: {key!r} holds values that are not finite")
        return values

    def convolution(self, layer: str, norm: str | None = None) -> Layer:
        kernel = self.array(f"{layer}.weight").transpose(2, 3, 1, 0)
        bias = self._vector(f"{layer}.bias", kernel.shape[-1])
        if norm is None or not self.has(norm):
            return {"kernel": kernel, "bias": bias}
        parts = ("weight", "bias", "running_mean", "running_var")
        weight, offset, mean, variance = (
            self._vector(f"{norm}.{part}", kernel.shape[-1]) for part in parts
        )
        if (variance < 0).any():
            raise InputError(f"{self._path}: '{norm}.running_var' holds negative numbers")
        scale = weight / np.sqrt(variance + _BATCH_NORM_EPSILON)
        return {"kernel": kernel * scale, "bias": bias * scale + (offset - mean * scale)}

    def _vector(self, key: str, length: int) -> Float[np.ndarray, " channel"]:
        # Another shape might broadcast, to one that fills the memory.
        values = self.array(key)
        if values.shape != (length,):
            raise InputError(f"{self._path}: {key!r} has shape {values.shape}, not ({length},)")
        return values

    def ignore(self, layer: str) -> None:
        self._unused -= {key for key in self._unused if key.startswith(f"{layer}.")}

    def require_all_used(self) -> None:
        if self._unused:
            raise InputError(
                f"{self._path}: no RAFT weights as published, {len(self._unused)} keys are not "
                f"part of the network, such as {min(self._unused)!r}"
            )


def _encoder(source: _Source, name: str) -> dict[str, Any]:
    blocks = [
        _block(source, f"{name}.layer{stage}.{block}") for stage in (1, 2, 3) for block in (0, 1)
    ]
    return {
        "stem": source.convolution(f"{name}.conv1", f"{name}.norm1"),
        "blocks": _listed(blocks),
        "head": source.convolution(f"{name}.conv2"),
    }


def _block(source: _Source, name: str) -> dict[str, Any]:
    numbers = [number for number in (1, 2, 3) if source.has(f"{name}.conv{number}")]
    block: dict[str, Any] = {
        "convolutions": _listed(
            [source.convolution(f"{name}.conv{n}", f"{name}.norm{n}") for n in numbers]
        )
    }
    if source.has(f"{name}.downsample"):
        block["shortcut"] = source.convolution(f"{name}.downsample.0", f"{name}.norm3")
        # The same norm under a second name.
        source.ignore(f"{name}.downsample.1")
    return block


def _motion_encoder(source: _Source, name: str) -> dict[str, Any]:
    def numbered(letter: str) -> dict[str, Layer]:
        layers = [f"{name}.conv{letter}{number}" for number in (1, 2)]
        return _listed([source.convolution(layer) for layer in layers if source.has(layer)])

    return {
        "from_correlation": numbered("c"),
        "from_flow": numbered("f"),
        "join": source.convolution(f"{name}.conv"),
    }


def _gru_step(source: _Source, step: str) -> dict[str, Layer]:
    gates = [source.convolution(_gate(gate, step)) for gate in "zrq"]
    motion = source.array("update_block.encoder.conv.weight").shape[0] + 2
    hidden = gates[0]["kernel"].shape[-1]
    read = [
        np.split(gate["kernel"], [hidden, gate["kernel"].shape[2] - motion], axis=2)
        for gate in gates
    ]
    from_hidden, from_context, from_motion = zip(*read, strict=True)
    return {
        "from_context": {
            "kernel": np.concatenate(from_context, axis=-1),
            "bias": np.concatenate([gate["bias"] for gate in gates]),
        },
        "from_motion": {"kernel": np.concatenate(from_motion, axis=-1)},
        "from_hidden": {"kernel": np.concatenate(from_hidden[:2], axis=-1)},
        "from_reset": {"kernel": from_hidden[2]},
    }


def _gate(gate: str, step: str) -> str:
    return f"update_block.gru.conv{gate}{step}"


def _listed(layers: list[Any]) -> dict[str, Any]:
    return {str(index): layer for index, layer in enumerate(layers)}
