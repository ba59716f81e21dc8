"""An official PyTorch checkpoint's tensors as a fused network's (specs §5)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.fused import official
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork, without_weights
from dvs_jax.fused.official import Tensors


def is_official(content: Mapping[str, Any]) -> bool:
    """Return whether a torch file's content looks like an official DVS checkpoint."""
    core = content.get("state_dict")
    return isinstance(core, dict) and any(str(name).startswith("rnns.") for name in core)


def from_official(content: Mapping[str, Any], file: Path) -> FusedNetwork:
    """Build the network that an official checkpoint describes, with its weights.

    Args:
        content: what `torch_file.read` found: `state_dict`, `unet`, and the settings `cnn`, `fc`.
        file: named in errors.

    Raises:
        InputError: the file is no DVS checkpoint; a tensor is missing, not finite or of another
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
    lstm = {
        i: {
            "input": {
                "kernel": tensors[f"rnns.{i}.LSTM.weight_ih"].T,
                # Only the sum of PyTorch's two biases has an effect.
                "bias": tensors[f"rnns.{i}.LSTM.bias_ih"] + tensors[f"rnns.{i}.LSTM.bias_hh"],
            },
            "recurrent": {"kernel": tensors[f"rnns.{i}.LSTM.weight_hh"].T},
        }
        for i in range(len(architecture.lstm))
    }
    connected = {
        i: {"linear": _linear(tensors, f"fcs.{i}.fc")}
        for i in range(len(architecture.fully_connected))
    }
    return {"lstm": lstm, "fully_connected": connected}


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
