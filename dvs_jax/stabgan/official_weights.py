"""Reads and writes the official networks: published files, and checkpoints of this package."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.stabgan import official_discriminator, official_generator
from dvs_jax.stabgan.official_discriminator import OfficialDiscriminator
from dvs_jax.stabgan.official_generator import OfficialGenerator

KIND = "stabgan"
OFFICIAL = "official"

_GENERATOR = {
    "encoder.0": "convolutions.0",
    "encoder.3": "convolutions.1",
    "encoder.6": "convolutions.2",
    "regressor.1": "hidden",
    "regressor.3": "last",
}
_DISCRIMINATOR = {
    "model.0": "convolutions.0",
    "model.2": "convolutions.1",
    "model.3": "norms.0",
    "model.5": "convolutions.2",
    "model.6": "norms.1",
    "model.8": "convolutions.3",
}
_LAYER = {"weight": "kernel", "bias": "bias"}
_NORM = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}

Tensors = Mapping[Any, Any]


def is_official(content: Tensors) -> bool:
    """Return whether a torch file's content looks like the published generator's."""
    return _part(content, _GENERATOR) is not None


def load(path: Path) -> OfficialGenerator:
    """Read the generator.

    Args:
        path: a published PyTorch file, or a folder that `save` wrote.

    Raises:
        InputError: it is neither, is damaged, or a tensor does not fit.
    """
    return from_folder(path) if path.is_dir() else generator_from(torch_file.read(path), path)


def save(generator: OfficialGenerator, folder: Path) -> None:
    """Write the generator as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    state = nnx.to_pure_dict(nnx.state(generator, nnx.Param))
    checkpoint.save(folder, state, {"kind": KIND, "architecture": OFFICIAL})


def from_folder(folder: Path) -> OfficialGenerator:
    """Read a folder that `save` wrote; see `load`."""
    state, metadata = checkpoint.load(folder)
    found = metadata.get("kind"), metadata.get("architecture")
    if found != (KIND, OFFICIAL):
        raise InputError(f"{folder}: holds no official StabGAN, but a model of kind {found[0]!r}")
    generator = official_generator.without_weights()
    checkpoint.fill(generator, checkpoint.by_name(state), folder)
    return generator


def generator_from(content: Tensors, file: Path) -> OfficialGenerator:
    """Return the generator of a published file.

    Args:
        content: what `torch_file.read` found: its state dict, or a dictionary that holds it.
        file: named in errors.

    Raises:
        InputError: a tensor is missing, left over, not finite or of another shape.
    """
    generator = official_generator.without_weights()
    checkpoint.fill(generator, _renamed(content, _GENERATOR, "generator", file), file)
    return generator


def discriminator_from(content: Tensors, file: Path) -> OfficialDiscriminator:
    """Return the discriminator of a published file, in training mode; see `generator_from`."""
    discriminator = official_discriminator.without_weights()
    checkpoint.fill(discriminator, _renamed(content, _DISCRIMINATOR, "discriminator", file), file)
    return discriminator


def _part(content: Tensors, layers: Mapping[str, str]) -> Tensors | None:
    """Return a network's state dict: the content, or the dictionary in it that has its layers."""
    wanted = {f"{layer}.weight" for layer in layers}
    dictionaries = [content, *(each for each in content.values() if isinstance(each, dict))]
    return next((each for each in dictionaries if wanted <= each.keys()), None)


def _renamed(
    content: Tensors, layers: Mapping[str, str], which: str, file: Path
) -> dict[str, np.ndarray]:
    found = _part(content, layers)
    if found is None:
        first = next(iter(layers))
        raise InputError(f"{file}: no official StabGAN {which} (no {first}.weight among others)")
    named = {
        f"{theirs}.{name}": f"{ours}.{attribute}"
        for theirs, ours in layers.items()
        for name, attribute in (_NORM if ours.startswith("norms") else _LAYER).items()
    }
    tensors = {str(name): value for name, value in found.items() if _counts(name)}
    return checkpoint.renamed(tensors, named, file)


def _counts(name: Any) -> bool:
    return not str(name).endswith("num_batches_tracked")
