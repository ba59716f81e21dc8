"""An official PyTorch checkpoint's tensors as a fused network's (specs §5)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.fused.architecture import POSE_FEATURES, Architecture, FullyConnected
from dvs_jax.fused.network import ENCODER_CHANNELS, FusedNetwork, without_weights

Tensors = Mapping[str, np.ndarray]


def is_official(content: Mapping[str, Any]) -> bool:
    """Return whether a torch file's content looks like an official DVS checkpoint."""
    return "state_dict" in content and any(
        name.startswith("rnns.") for name in content["state_dict"]
    )


def from_official(content: Mapping[str, Any], file: Path) -> FusedNetwork:
    """Build the network that an official checkpoint describes, with its weights.

    Args:
        content: what `torch_file.read` found: `state_dict`, `unet`, and the settings `cnn`, `fc`.
        file: named in errors.

    Raises:
        InputError: the file is no DVS checkpoint, or a tensor is missing or has another shape.
    """
    if not is_official(content):
        raise InputError(f"{file}: no official DVS checkpoint (no state_dict with rnns.*)")
    core, encoder = content["state_dict"], content.get("unet") or {}
    architecture = _architecture(content, file)
    network = without_weights(architecture)
    wanted = {f"state_dict.{name}": shape for name, shape in _core_shapes(architecture).items()}
    found = {f"state_dict.{name}": tensor for name, tensor in core.items()}
    if architecture.flow:
        wanted |= {f"unet.{name}": shape for name, shape in _encoder_shapes().items()}
        found |= {f"unet.{name}": tensor for name, tensor in encoder.items()}
    checkpoint.require_shapes(found, wanted, file)
    state: dict[str, Any] = {"core": _core_state(core, architecture)}
    if architecture.flow:
        state["encoder"] = _encoder_state(encoder)
    nnx.update(network, nnx.State(state))
    return network


def _architecture(content: Mapping[str, Any], file: Path) -> Architecture:
    """Read the layers off the tensors; what they cannot tell is in the `cnn` and `fc` settings."""
    core = content["state_dict"]
    if any(name.startswith("convs.") for name in core):
        raise InputError(f"{file}: checkpoints with convolutions before the LSTM are not converted")
    settings = content.get("fc") or {}
    if settings.get("batch_norm"):
        raise InputError(f"{file}: batch normalisation after the LSTM is not supported")
    lstm = tuple(core[name].shape[-1] for name in _numbered(core, "rnns.{}.LSTM.weight_hh"))
    features = [core[name].shape[0] for name in _numbered(core, "fcs.{}.fc.weight")]
    if not lstm or not features:
        raise InputError(f"{file}: has no LSTM or no fully connected layer")
    activation = settings.get("activate_function", "relu")
    return Architecture(
        flow=core["rnns.0.LSTM.weight_ih"].shape[-1] != POSE_FEATURES,
        lstm=lstm,
        fully_connected=(
            *(FullyConnected(size, activation) for size in features[:-1]),
            FullyConnected(features[-1]),
        ),
        official=True,
    )


def _numbered(tensors: Tensors, pattern: str) -> list[str]:
    names: list[str] = []
    while pattern.format(len(names)) in tensors:
        names.append(pattern.format(len(names)))
    return names


def _core_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    inputs = architecture.input_features
    for i, hidden in enumerate(architecture.lstm):
        shapes |= {
            f"rnns.{i}.LSTM.weight_ih": (4 * hidden, inputs),
            f"rnns.{i}.LSTM.weight_hh": (4 * hidden, hidden),
            f"rnns.{i}.LSTM.bias_ih": (4 * hidden,),
            f"rnns.{i}.LSTM.bias_hh": (4 * hidden,),
        }
        inputs = hidden
    for i, layer in enumerate(architecture.fully_connected):
        shapes[f"fcs.{i}.fc.weight"] = (layer.features, inputs)
        shapes[f"fcs.{i}.fc.bias"] = (layer.features,)
        inputs = layer.features
    return shapes


def _encoder_prefixes() -> list[str]:
    down = range(1, len(ENCODER_CHANNELS))
    return ["inc.double_conv.0", *(f"down{i}.maxpool_conv.1.double_conv.0" for i in down)]


def _encoder_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"fc.fc.weight": (64, 128), "fc.fc.bias": (64,)}
    inputs = 4
    for prefix, channels in zip(_encoder_prefixes(), ENCODER_CHANNELS, strict=True):
        shapes |= {f"{prefix}.weight": (channels, inputs, 3, 3), f"{prefix}.bias": (channels,)}
        inputs = channels
    return shapes


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
        for i, prefix in enumerate(_encoder_prefixes())
    }
    return {"convolutions": convolutions, "linear": _linear(tensors, "fc.fc")}
