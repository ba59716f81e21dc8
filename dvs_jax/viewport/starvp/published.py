"""Reads the weights of a public reproduction of STAR-VP, written in PyTorch."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.viewport.starvp.architecture import ENCODINGS, Architecture
from dvs_jax.viewport.starvp.content import positions
from dvs_jax.viewport.starvp.network import Network

_HEADS = 8
"""Shapes do not tell it."""

_WRAPPERS = ("model_state_dict", "state_dict", "model")
"""Under which training programs put the tensors."""

_RENAMED = (
    (r"lstm\.lstm\.(weight|bias)_ih_l(\d+)", r"motion.stack.layers.\2.of_input.\1"),
    (r"lstm\.lstm\.(weight|bias)_hh_l(\d+)", r"motion.stack.layers.\2.of_state.\1"),
    (r"lstm\.output_proj\.", "motion.output."),
    (r"gating\.gate\.0\.", "gate.hidden."),
    (r"gating\.gate\.2\.", "gate.output."),
    (r"spatial_attn\.proj_p\.", "content.spatial.of_direction."),
    (r"spatial_attn\.proj_s\.", "content.spatial.of_points."),
    (r"spatial_attn\.te$", "content.spatial.token"),
    (r"temporal_attn\.te_p$", "content.temporal.of_direction"),
    (r"temporal_attn\.te_s$", "content.temporal.of_content"),
    (r"temporal_attn\.output_proj\.", "content.temporal.output."),
    (r"(spatial|temporal)_attn\.(encoder|decoder)_layers\.", r"content.\1.\2s."),
    (r"\.attn\.([qkvo])_proj\.", r".attention.\1."),
    (r"\.mlp\.0\.", ".widen."),
    (r"\.mlp\.3\.", ".narrow."),
    (r"(norm_\w+)\.weight$", r"\1.scale"),
    (r"\.weight$", ".kernel"),
)


_MARK = "spatial_attn.proj_p.weight"


def is_published(content: Mapping[Any, Any]) -> bool:
    """Return whether a torch file's content looks like the reproduction's state dict."""
    return _MARK in _tensors(content)


def read(file: Path) -> Network:
    """Read a state dict that `torch.save` wrote.

    Raises:
        InputError: the file cannot be read, or holds no such network.
    """
    return from_content(torch_file.read(file), file)


def from_content(content: Mapping[Any, Any], file: Path) -> Network:
    """Return the network of a torch file's content: the state dict, or what holds it; see `read`.

    Args:
        content: what `torch_file.read` found.
        file: named in errors.
    """
    return from_state_dict(_tensors(content), file)


def _tensors(content: Mapping[Any, Any]) -> Mapping[Any, Any]:
    for name in _WRAPPERS:
        if isinstance(inner := content.get(name), dict):
            content = inner
    return content


def from_state_dict(tensors: Mapping[str, Any], file: Path, heads: int = _HEADS) -> Network:
    """Return the network of a state dict.

    Args:
        tensors: by the reproduction's names.
        file: where they come from, for messages.
        heads: of attention.

    Raises:
        InputError: tensors are missing, superfluous or of another shape, or the positions are
            encoded in an unknown way.
    """
    architecture = _architecture(tensors, file, heads)
    named = {
        _name(key): _in_our_axes(key, value, file)
        for key, value in tensors.items()
        if key != "temporal_attn.pe"
    }
    network = nnx.eval_shape(lambda: Network(architecture, nnx.Rngs(0)))
    checkpoint.fill(network, named, file)
    return network


def _architecture(tensors: Mapping[str, Any], file: Path, heads: int) -> Architecture:
    def shape(name: str) -> tuple[int, ...]:
        value = tensors.get(name)
        if not isinstance(value, np.ndarray) or value.ndim == 0:
            raise InputError(f"{file}: holds no STAR-VP as published; {name} is missing")
        return value.shape

    def count(pattern: str) -> int:
        return sum(re.fullmatch(pattern, name) is not None for name in tensors)

    steps, future = shape("temporal_attn.pe")[0], shape("gating.gate.2.bias")[0]
    return Architecture(
        past=steps - future,
        future=future,
        lstm=shape("lstm.output_proj.weight")[-1],
        lstm_layers=count(r"lstm\.lstm\.bias_ih_l\d+"),
        width=shape("spatial_attn.proj_p.bias")[0],
        heads=heads,
        mlp=shape("spatial_attn.encoder_layers.0.mlp.0.bias")[0],
        blocks=count(r"spatial_attn\.encoder_layers\.\d+\.norm_q\.bias"),
        position=shape("temporal_attn.pe")[-1],
        gate=shape("gating.gate.0.bias")[0],
        encoding=_encoding(tensors["temporal_attn.pe"], file),
    )


def _encoding(stored: Any, file: Path) -> str:
    for name in ENCODINGS:
        if np.allclose(stored, positions(name, *stored.shape), atol=1e-4):
            return name
    raise InputError(
        f"{file}: temporal_attn.pe encodes positions in none of the ways known: "
        f"{', '.join(ENCODINGS)}"
    )


def _name(key: str) -> str:
    for pattern, name in _RENAMED:
        key = re.sub(pattern, name, key)
    return key


def _in_our_axes(key: str, value: Any, file: Path) -> np.ndarray:
    # These are no layers but tables, an entry a step.
    if re.fullmatch(r"temporal_attn\.te_[ps]", key) and isinstance(value, np.ndarray):
        return value
    return checkpoint.from_torch(value, key, file)
