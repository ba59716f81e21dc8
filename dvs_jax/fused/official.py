"""Reads tensors and settings of an official PyTorch checkpoint."""

import re
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from reprlib import repr  # a short one: a file's list may be long
from typing import Any

import numpy as np
from jaxtyping import Float

from dvs_jax.errors import InputError
from dvs_jax.fused.architecture import (
    TURN_FEATURES,
    Activation,
    Architecture,
    Convolution,
    FullyConnected,
)
from dvs_jax.fused.network import ACTIVATIONS, ENCODER_CHANNELS

Tensors = Mapping[str, Float[np.ndarray, "..."]]

_PAIR = re.compile(r"\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\)")

_AXES = {"rnns.*.LSTM.weight_*": 2, "fcs.*.fc.weight": 2}
"""The number of axes of the tensors from which sizes are read."""


def tensors(content: Mapping[str, Any], part: str, file: Path) -> dict[str, np.ndarray]:
    """Return a part's tensors by name, float32, in the shapes and axes of PyTorch.

    Args:
        content: what `torch_file.read` found.
        part: "state_dict" or "unet"; an absent part has no tensors.
        file: named in errors.

    Raises:
        InputError: the part is not a dictionary of finite tensors, or a tensor that determines a
            size has the wrong number of axes.
    """
    return {
        _name(name, part, file): _tensor(name, value, part, file)
        for name, value in _dictionary(content, part, file).items()
    }


def _dictionary(content: Mapping[str, Any], key: str, file: Path) -> dict[Any, Any]:
    found = content.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"{file}: its {key} is a {type(found).__name__}, not a dictionary")
    return found


def _name(name: Any, part: str, file: Path) -> str:
    if not isinstance(name, str):
        raise InputError(f"{file}: its {part} has the key {repr(name)}, which is no tensor's name")
    return name


def _tensor(name: str, value: Any, part: str, file: Path) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise InputError(f"{file}: {part}.{name} is a {type(value).__name__}, not a tensor")
    for pattern, axes in _AXES.items():
        if fnmatch(name, pattern) and (value.ndim != axes or value.size == 0):
            raise InputError(
                f"{file}: {part}.{name} has shape {value.shape}; "
                f"{axes} axes, none of them empty, are wanted"
            )
    with np.errstate(over="ignore"):
        single = value.astype(np.float32)
    if not np.isfinite(single).all():
        raise InputError(f"{file}: {part}.{name} holds numbers that are not finite in float32")
    if name.endswith(".running_var") and (single < 0.0).any():
        raise InputError(f"{file}: {part}.{name} is a variance and holds negative numbers")
    return single


def architecture(content: Mapping[str, Any], core: Tensors, file: Path) -> Architecture:
    """Derive the architecture from the tensors' shapes and, for the rest, the settings.

    Args:
        content: what `torch_file.read` found, with the settings `cnn` and `fc`.
        core: the part "state_dict", as `tensors` returns it.
        file: named in errors.

    Raises:
        InputError: a layer or setting is missing, unknown or not supported.
    """
    convolutions = _convolutions(content, file)
    return Architecture(
        flow=_has_flow(core, convolutions, file),
        convolutions=convolutions,
        lstm=_lstm(core, file),
        fully_connected=_fully_connected(content, core, file),
        official=True,
    )


def _convolutions(content: Mapping[str, Any], file: Path) -> tuple[Convolution, ...]:
    settings = _dictionary(content, "cnn", file)
    layers = settings.get("layers")
    if layers is None:
        return ()
    if not isinstance(layers, list | tuple):
        raise InputError(f"{file}: cnn.layers is a {type(layers).__name__}, not a list")
    if _is_on(settings, "gap", "cnn", file):
        raise InputError(f"{file}: global average pooling (cnn.gap) is not supported")
    batch_norm = _is_on(settings, "batch_norm", "cnn", file)
    activation = _activation(settings, "cnn", file)
    sizes = [_sizes(layer, f"cnn.layers.{i}", file) for i, layer in enumerate(layers)]
    return tuple(Convolution(*each, batch_norm, activation) for each in sizes)


def _sizes(layer: Any, name: str, file: Path) -> tuple[int, int, int, int]:
    """Return channels, kernel, stride and pooling of "(in, out)", "(1, kernel)", … "(1, pool)".

    The layers are 2-D convolutions of an image one pixel high; the second numbers count.
    """
    if not isinstance(layer, list | tuple) or len(layer) != 5:
        raise InputError(
            f"{file}: {name} is {repr(layer)}, not channels, kernel, stride, padding, pool"
        )
    texts = [str(text) for text in layer]
    if texts[-1] == "None":
        texts[-1] = "(1, 1)"
    pairs = [pair for pair in map(_PAIR.fullmatch, texts) if pair]
    if len(pairs) != len(texts):
        raise InputError(f"{file}: {name} is {repr(layer)}; pairs of whole numbers are wanted")
    heights, widths = zip(*(map(int, pair.groups()) for pair in pairs), strict=True)
    channels, kernel, stride, padding, pool = widths
    if heights[1:] != (1, 1, 0, 1) or 0 in (channels, kernel, stride, pool):
        raise InputError(
            f"{file}: {name} is {repr(layer)}; layers one pixel high are supported alone"
        )
    if padding != kernel // 2:
        raise InputError(
            f"{file}: {name} pads a kernel of {kernel} by {padding}; "
            f"only {kernel // 2} is supported"
        )
    return channels, kernel, stride, pool


def _has_flow(core: Tensors, convolutions: tuple[Convolution, ...], file: Path) -> bool:
    """Return whether the first LSTM layer has more inputs than poses alone."""
    inputs = core.get("rnns.0.LSTM.weight_ih")
    alone = Architecture(flow=False, convolutions=convolutions).lstm_inputs
    if alone == Architecture(flow=True, convolutions=convolutions).lstm_inputs:
        raise InputError(f"{file}: cnn.layers leave {alone} numbers, with flow and without")
    return inputs is None or inputs.shape[1] != alone


def _lstm(core: Tensors, file: Path) -> tuple[int, ...]:
    names = _numbered(core, "rnns.{}.LSTM.weight_hh")
    if not names:
        raise InputError(f"{file}: state_dict has no LSTM (rnns.0.LSTM.weight_hh is missing)")
    return tuple(core[name].shape[1] for name in names)


def _fully_connected(
    content: Mapping[str, Any], core: Tensors, file: Path
) -> tuple[FullyConnected, ...]:
    names = _numbered(core, "fcs.{}.fc.weight")
    if not names:
        raise InputError(f"{file}: state_dict has no linear layer (fcs.0.fc.weight is missing)")
    settings = _dictionary(content, "fc", file)
    if _is_on(settings, "batch_norm", "fc", file):
        raise InputError(f"{file}: batch normalisation after the LSTM is not supported")
    activation = _activation(settings, "fc", file)
    features = [core[name].shape[0] for name in names]
    if features[-1] != TURN_FEATURES:
        raise InputError(
            f"{file}: the last linear layer, {names[-1]}, gives {features[-1]} numbers; "
            f"a turn has {TURN_FEATURES}"
        )
    hidden = (FullyConnected(size, activation) for size in features[:-1])
    return (*hidden, FullyConnected(features[-1]))


def _numbered(core: Tensors, pattern: str) -> list[str]:
    names: list[str] = []
    while pattern.format(len(names)) in core:
        names.append(pattern.format(len(names)))
    return names


def _activation(settings: Mapping[Any, Any], part: str, file: Path) -> Activation:
    """Return the activation; its name is case-insensitive."""
    wanted = settings.get("activate_function", "relu")
    for known in ACTIVATIONS:
        if isinstance(wanted, str) and wanted.lower() == known:
            return known
    raise InputError(
        f"{file}: {part}.activate_function is {repr(wanted)}; known are {', '.join(ACTIVATIONS)}"
    )


def _is_on(settings: Mapping[Any, Any], name: str, part: str, file: Path) -> bool:
    value = settings.get(name)
    if value is not None and not isinstance(value, bool):
        raise InputError(f"{file}: {part}.{name} is {repr(value)}, neither True nor False")
    return bool(value)


def core_shapes(wanted: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of the core, by its official name."""
    shapes = _convolution_shapes(wanted)
    inputs = wanted.lstm_inputs
    for i, hidden in enumerate(wanted.lstm):
        shapes |= {
            f"rnns.{i}.LSTM.weight_ih": (4 * hidden, inputs),
            f"rnns.{i}.LSTM.weight_hh": (4 * hidden, hidden),
            f"rnns.{i}.LSTM.bias_ih": (4 * hidden,),
            f"rnns.{i}.LSTM.bias_hh": (4 * hidden,),
        }
        inputs = hidden
    for i, layer in enumerate(wanted.fully_connected):
        shapes[f"fcs.{i}.fc.weight"] = (layer.features, inputs)
        shapes[f"fcs.{i}.fc.bias"] = (layer.features,)
        inputs = layer.features
    return shapes


def _convolution_shapes(wanted: Architecture) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    inputs = 1
    for i, layer in enumerate(wanted.convolutions):
        shapes[f"convs.{i}.conv.weight"] = (layer.channels, inputs, 1, layer.kernel)
        shapes[f"convs.{i}.conv.bias"] = (layer.channels,)
        if layer.batch_norm:
            for name in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"convs.{i}.batch_norm.{name}"] = (layer.channels,)
            shapes[f"convs.{i}.batch_norm.num_batches_tracked"] = ()
        inputs = layer.channels
    return shapes


def encoder_prefixes() -> list[str]:
    """Return the official names of the flow encoder's convolutions, in order."""
    down = range(1, len(ENCODER_CHANNELS))
    return ["inc.double_conv.0", *(f"down{i}.maxpool_conv.1.double_conv.0" for i in down)]


def encoder_shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of the flow encoder, by its official name."""
    shapes: dict[str, tuple[int, ...]] = {"fc.fc.weight": (64, 128), "fc.fc.bias": (64,)}
    inputs = 4
    for prefix, channels in zip(encoder_prefixes(), ENCODER_CHANNELS, strict=True):
        shapes |= {f"{prefix}.weight": (channels, inputs, 3, 3), f"{prefix}.bias": (channels,)}
        inputs = channels
    return shapes
