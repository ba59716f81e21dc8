"""Reads PAVER's decoder, and vision transformers of Google and of timm, as they were published."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.bounded_file import require_regular
from dvs_jax.errors import InputError, reading
from dvs_jax.viewport.paver import architecture, position_table
from dvs_jax.viewport.paver.architecture import PATCH, Architecture
from dvs_jax.viewport.paver.decoder import Decoder
from dvs_jax.viewport.paver.transformer import Transformer

GOOGLES_SUFFIX = ".npz"

_WRAPPERS = ("model", "state_dict", "model_state_dict")
"""Under which programs put the tensors."""

_HEAD_WIDTH = 64
"""Of vision transformers of every size."""

_COMPUTED = (
    *("sph_basis", "spatial_weight", "adjacency_matrix"),
    *("temp_score_weight", "spat_score_weight"),
)
"""What PAVER's file holds beside the decoder's weights: none of it is learned, or of use here."""

_HEADS = re.compile(r"(head|pre_logits|head_dist|fc_norm)[./].*")
"""A transformer's layers that classify."""

_TIMMS = (
    (r"^patch_embed\.proj\.", "patch."),
    (r"^pos_embed$", "position"),
)

_GOOGLES = (
    (r"^embedding/", "patch/"),
    (r"^cls$", "cls_token"),
    (r"^Transformer/posembed_input/pos_embedding$", "position"),
    (r"^Transformer/encoder_norm/", "norm/"),
    (r"^Transformer/encoderblock_(\d+)/", r"blocks/\1/"),
    (r"/LayerNorm_0/", "/norm1/"),
    (r"/LayerNorm_2/", "/norm2/"),
    (r"/MultiHeadDotProductAttention_1/out/", "/attn/proj/"),
    (r"/MlpBlock_3/Dense_0/", "/mlp/fc1/"),
    (r"/MlpBlock_3/Dense_1/", "/mlp/fc2/"),
    (r"/", "."),
)

_GOOGLES_MARK = "Transformer/posembed_input/pos_embedding"
_TIMMS_MARK = "patch_embed.proj.weight"
_DECODERS_MARK = "attn_layer.attn.qkv.weight"


def tensors_of(content: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a torch file's tensors, which lie in it or in a dictionary that it holds."""
    for name in _WRAPPERS:
        inner = content.get(name)
        if isinstance(inner, dict):
            content = inner
    return content


def is_decoder(content: Mapping[Any, Any]) -> bool:
    """Return whether a torch file's content looks like PAVER's."""
    return _DECODERS_MARK in tensors_of(content)


def is_transformer(content: Mapping[Any, Any]) -> bool:
    """Return whether a torch file's content looks like a vision transformer of timm."""
    return _TIMMS_MARK in tensors_of(content)


def decoder(content: Mapping[Any, Any], file: Path) -> Decoder:
    """Return PAVER's decoder.

    Args:
        content: what `torch_file.read` found.
        file: named in errors.

    Raises:
        InputError: a tensor is missing, left over, not finite or of another shape.
    """
    tensors = tensors_of(content)
    if _DECODERS_MARK not in tensors:
        raise InputError(f"{file}: holds no decoder of PAVER; {_DECODERS_MARK} is missing")
    named = {
        _torchs(str(name)): checkpoint.from_torch(value, str(name), file)
        for name, value in tensors.items()
        if name not in _COMPUTED
    }
    width = named["attn_layer.attn.qkv.kernel"].shape[0]
    of = architecture.sound(Architecture(width=width, heads=_heads(width)), file)
    found = nnx.eval_shape(lambda: Decoder(of, nnx.Rngs(0)))
    checkpoint.fill(found, named, file)
    return found


def transformer(file: Path, height: int = Architecture.height) -> Transformer:
    """Read a vision transformer, for pictures twice as wide as high.

    Args:
        file: Google's `.npz`, or a state dict of timm's that `torch.save` wrote.
        height: of the pictures.

    Raises:
        InputError: the file cannot be read, or a tensor is missing, left over, not finite or of
            another shape.
    """
    if file.suffix == GOOGLES_SUFFIX:
        return from_google(_arrays(file), file, height)
    return from_timm(torch_file.read(file), file, height)


def from_timm(
    content: Mapping[Any, Any],
    file: Path,
    height: int = Architecture.height,
    heads: int | None = None,
) -> Transformer:
    """Return the transformer of a state dict of timm's; see `transformer`.

    Args:
        content: what `torch_file.read` found.
        file: named in errors.
        height: of the pictures.
        heads: of attention; by default as many as have 64 channels each.
    """
    tensors = tensors_of(content)
    if _TIMMS_MARK not in tensors:
        raise InputError(f"{file}: holds no vision transformer of timm; {_TIMMS_MARK} is missing")
    named = {
        _renamed(_torchs(str(name)), _TIMMS): checkpoint.from_torch(value, str(name), file)
        for name, value in tensors.items()
        if not _HEADS.fullmatch(str(name)) and str(name) not in ("cls_token", "pos_embed")
    }
    for ours, theirs in (("cls_token", "cls_token"), ("position", "pos_embed")):
        # These are no layers but tables.
        if isinstance(tensors.get(theirs), np.ndarray):
            named[ours] = tensors[theirs]
    return _filled(named, file, height, heads)


def from_google(
    arrays: Mapping[str, np.ndarray],
    file: Path,
    height: int = Architecture.height,
) -> Transformer:
    """Return the transformer of Google's arrays by name; see `transformer`."""
    if _GOOGLES_MARK not in arrays:
        raise InputError(
            f"{file}: holds no vision transformer of Google's; {_GOOGLES_MARK} is missing"
        )
    named = {
        _renamed(name, _GOOGLES): value
        for name, value in arrays.items()
        if not _HEADS.fullmatch(name)
    }
    heads = None
    for name in [name for name in named if re.search(r"Attention_1\.query\.", name)]:
        block, _, kind = name.rsplit(".", 2)
        popped = [named.pop(f"{block}.{each}.{kind}", None) for each in ("query", "key", "value")]
        parts = [part for part in popped if part is not None and part.ndim >= 2]
        if len(parts) < len(popped):
            raise InputError(f"{file}: {name} has no key and value of its shape beside it")
        heads = parts[0].shape[-2]
        flat = [part.reshape(*part.shape[:-2], -1) for part in parts]
        named[f"{block.rsplit('.', 1)[0]}.attn.qkv.{kind}"] = np.concatenate(flat, axis=-1)
    for name in [name for name in named if name.endswith("attn.proj.kernel")]:
        named[name] = named[name].reshape(-1, named[name].shape[-1])
    return _filled(named, file, height, heads)


def _filled(
    named: dict[str, np.ndarray], file: Path, height: int, heads: int | None
) -> Transformer:
    kernel, table = named.get("patch.kernel"), named.get("position")
    if kernel is None or kernel.shape[:-1] != (PATCH, PATCH, 3):
        raise InputError(f"{file}: its patches are not of {PATCH} × {PATCH} pixels; give a B/16")
    width = kernel.shape[-1]
    if table is None or table.ndim != 3 or not _is_square(table.shape[1] - 1):
        raise InputError(f"{file}: its table of positions is not of a class token and a square")
    of = Architecture(
        height=height,
        width=width,
        heads=heads or _heads(width),
        blocks=sum(name.endswith("norm1.scale") for name in named),
    )
    architecture.sound(of, file)
    named["patch.kernel"] = kernel.reshape(-1, width)
    named["position"] = position_table.resized(table[0], of.grid)
    named["cls_token"] = np.ravel(named.get("cls_token", np.zeros(0)))
    found = nnx.eval_shape(lambda: Transformer(of, nnx.Rngs(0)))
    checkpoint.fill(found, named, file)
    return found


def _heads(width: int) -> int:
    return max(width // _HEAD_WIDTH, 1)


def _is_square(count: int) -> bool:
    return count > 0 and round(np.sqrt(count)) ** 2 == count


def _torchs(name: str) -> str:
    """A layer's name in Flax: a norm's weight is its scale, any other's its kernel."""
    return _renamed(name, ((r"(norm\d?)\.weight$", r"\1.scale"), (r"\.weight$", ".kernel")))


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, ours in rules:
        name = re.sub(pattern, ours, name)
    return name


_MOST_UNPACKED = 4
"""Times a file's own size: weights are hardly compressible."""


def _arrays(file: Path) -> dict[str, np.ndarray]:
    size = require_regular(file)
    with reading(file, "no .npz file of arrays, or damaged", "fetch it again"):
        with zipfile.ZipFile(file) as archive:
            if sum(record.file_size for record in archive.infolist()) > _MOST_UNPACKED * size:
                raise InputError(f"{file}: unpacks to far more than its own size; refused")
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
