"""Converts an official PyTorch checkpoint to a fused network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx
from jaxtyping import Float

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.fused import official
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork, without_weights
from dvs_jax.fused.official import Tensors


def is_official(content: Mapping[str, Any]) -> bool:
    """Return whether a torch file's content looks like an official DVS checkpoint."""
    core = content.get("state_dict")
    return isinstance(core, dict) and any(
        isinstance(name, str) and name.startswith("rnns.") for name in core
    )


def from_official(content: Mapping[str, Any], file: Path) -> FusedNetwork:
    """Build the network that an official checkpoint describes, with its weights.

    Args:
        content: what `torch_file.read` found: `state_dict`, `unet`, and the settings `cnn`, `fc`.
        file: named in errors.

    Raises:
        InputError: the file is not a DVS checkpoint; a tensor is missing, not finite or of another
            shape; or a setting is unknown. The message names it.
    """
    if not is_official(content):
        raise InputError(f"{file}: no official DVS checkpoint (no state_dict with rnns.*)")
    core = official.tensors(content, "state_dict", file)
    encoder = official.tensors(content, "unet", file)
    architecture = official.architecture(content, core, file)
    parts = {"state_dict": (core, official.core_shapes(architecture))}
    if architecture.flow:
        parts["unet"] = (encoder, official.encoder_shapes())
    _require_shapes(parts, file)
    state: dict[str, Any] = {"core": _core_state(core, architecture)}
    if architecture.flow:
        state["encoder"] = _encoder_state(encoder)
    network = without_weights(architecture)
    nnx.update(network, nnx.State(state))
    return network


def _require_shapes(
    parts: Mapping[str, tuple[Tensors, dict[str, tuple[int, ...]]]], file: Path
) -> None:
    found: dict[str, np.ndarray] = {}
    wanted: dict[str, tuple[int, ...]] = {}
    for part, (tensors, shapes) in parts.items():
        found |= {f"{part}.{name}": tensor for name, tensor in tensors.items()}
        wanted |= {f"{part}.{name}": shape for name, shape in shapes.items()}
    checkpoint.require_shapes(found, wanted, file)


def _linear(tensors: Tensors, prefix: str) -> dict[str, np.ndarray]:
    return {"kernel": tensors[f"{prefix}.weight"].T, "bias": tensors[f"{prefix}.bias"]}


def _core_state(tensors: Tensors, architecture: Architecture) -> dict[str, Any]:
    convolutions = {
        i: _convolution(tensors, f"convs.{i}", layer.batch_norm)
        for i, layer in enumerate(architecture.convolutions)
    }
    lstm = {i: _lstm(tensors, f"rnns.{i}.LSTM") for i in range(len(architecture.lstm))}
    if architecture.convolutions:
        channels = architecture.convolutions[-1].channels
        lstm[0]["input"]["kernel"] = _channel_last(lstm[0]["input"]["kernel"], channels)
    connected = {
        i: {"linear": _linear(tensors, f"fcs.{i}.fc")}
        for i in range(len(architecture.fully_connected))
    }
    return {"convolutions": convolutions, "lstm": lstm, "fully_connected": connected}


def _convolution(tensors: Tensors, prefix: str, batch_norm: bool) -> dict[str, Any]:
    state: dict[str, Any] = {
        "convolution": {
            # PyTorch stores [out, in, 1, step], Flax [step, in, out].
            "kernel": tensors[f"{prefix}.conv.weight"][:, :, 0].transpose(2, 1, 0),
            "bias": tensors[f"{prefix}.conv.bias"],
        }
    }
    if batch_norm:
        names = {"scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var"}
        state["norm"] = {
            ours: tensors[f"{prefix}.batch_norm.{theirs}"] for ours, theirs in names.items()
        }
    return state


def _lstm(tensors: Tensors, prefix: str) -> dict[str, dict[str, np.ndarray]]:
    return {
        "input": {
            "kernel": tensors[f"{prefix}.weight_ih"].T,
            # Only the sum of PyTorch's two biases matters.
            "bias": tensors[f"{prefix}.bias_ih"] + tensors[f"{prefix}.bias_hh"],
        },
        "recurrent": {"kernel": tensors[f"{prefix}.weight_hh"].T},
    }


def _channel_last(
    kernel: Float[np.ndarray, "inputs gates"], channels: int
) -> Float[np.ndarray, "inputs gates"]:
    """Reorder the rows from [channel, position], as PyTorch flattens, to [position, channel]."""
    inputs, gates = kernel.shape
    by_channel = kernel.reshape(channels, inputs // channels, gates)
    return by_channel.transpose(1, 0, 2).reshape(inputs, gates)


def _encoder_state(tensors: Tensors) -> dict[str, Any]:
    convolutions = {
        i: {
            # PyTorch stores [out, in, row, column], Flax [row, column, in, out].
            "kernel": tensors[f"{prefix}.weight"].transpose(2, 3, 1, 0),
            "bias": tensors[f"{prefix}.bias"],
        }
        for i, prefix in enumerate(official.encoder_prefixes())
    }
    return {"convolutions": convolutions, "linear": _linear(tensors, "fc.fc")}
