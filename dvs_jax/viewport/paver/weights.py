"""Reads and writes PAVER's two parts, the transformer and the decoder."""

from pathlib import Path

from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.viewport.paver import architecture, published
from dvs_jax.viewport.paver.architecture import Architecture
from dvs_jax.viewport.paver.decoder import Decoder
from dvs_jax.viewport.paver.network import Network
from dvs_jax.viewport.paver.transformer import Transformer

TRANSFORMER, DECODER = "paver-transformer", "paver-decoder"
"""The parts' names in checkpoints."""


def save_transformer(transformer: Transformer, folder: Path) -> None:
    """Write the transformer as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    _save(transformer, folder, {"kind": TRANSFORMER} | _told(transformer.of))


def save_decoder(decoder: Decoder, folder: Path) -> None:
    """Write the decoder, as `save_transformer` does."""
    _save(decoder, folder, {"kind": DECODER} | _told(decoder.of))


def load(decoder: Path, transformer: Path, bilinear: bool = False) -> Network:
    """Read both parts.

    Args:
        decoder: PAVER's `.pt`, or a folder that `save_decoder` wrote.
        transformer: Google's `.npz`, timm's PyTorch file, or a folder that `save_transformer`
            wrote.
        bilinear: whether pixels are interpolated instead of truncated to.

    Raises:
        InputError: a file is none of these, is damaged, or the two do not fit together.
    """
    of_decoder, of_transformer = _decoder(decoder), _transformer(transformer)
    if of_decoder.of.width != of_transformer.of.width:
        raise InputError(
            f"{transformer}: its tokens have a width of {of_transformer.of.width}, and "
            f"{decoder.name} needs {of_decoder.of.width}; give a ViT-B/16"
        )
    return Network.of_parts(of_transformer, of_decoder, bilinear)


def _decoder(path: Path) -> Decoder:
    if not path.is_dir():
        return published.decoder(torch_file.read(path), path)
    tensors, of = _load(path, DECODER)
    found = nnx.eval_shape(lambda: Decoder(of, nnx.Rngs(0)))
    checkpoint.fill(found, tensors, path)
    return found


def _transformer(path: Path) -> Transformer:
    if not path.is_dir():
        return published.transformer(path)
    tensors, of = _load(path, TRANSFORMER)
    found = nnx.eval_shape(lambda: Transformer(of, nnx.Rngs(0)))
    checkpoint.fill(found, tensors, path)
    return found


def _save(part: nnx.Module, folder: Path, told: dict[str, object]) -> None:
    checkpoint.save(folder, nnx.to_pure_dict(nnx.state(part, nnx.Param)), told)


def _told(of: Architecture) -> dict[str, object]:
    return {"architecture": architecture.to_dict(of)}


def _load(folder: Path, kind: str) -> tuple[dict, Architecture]:
    state, metadata = checkpoint.load(folder)
    if metadata.get("kind") != kind or not isinstance(metadata.get("architecture"), dict):
        raise InputError(f"{folder}: holds no {kind}, but a model of {metadata.get('kind')!r}")
    return checkpoint.by_name(state), architecture.from_dict(metadata["architecture"], folder)
