"""Reads and writes our generator."""

from pathlib import Path

from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.stabgan.generator import Generator
from dvs_jax.stabgan.official_weights import KIND

OURS = "convolutional"
"""The architecture's name in checkpoints."""

_SIMILARITY = "similarity"


def save(generator: Generator, folder: Path) -> None:
    """Write the generator as an Orbax checkpoint.

    Raises:
        InputError: the folder exists already, or it cannot be written.
    """
    state = nnx.to_pure_dict(nnx.state(generator, nnx.Param))
    metadata = {"kind": KIND, "architecture": OURS, _SIMILARITY: generator.similarity}
    checkpoint.save(folder, state, metadata)


def load(folder: Path) -> Generator:
    """Read a folder that `save` wrote.

    Raises:
        InputError: it holds another model, is damaged, or a tensor does not fit.
    """
    state, metadata = checkpoint.load(folder)
    found = metadata.get("kind"), metadata.get("architecture")
    if found != (KIND, OURS):
        raise InputError(f"{folder}: holds no StabGAN of this package, but a model of {found[0]!r}")
    similarity = metadata.get(_SIMILARITY)
    if not isinstance(similarity, bool):
        raise InputError(f"{folder}: does not say whether its maps are similarities; it is damaged")
    generator = Generator(nnx.Rngs(0), similarity)
    checkpoint.fill(generator, checkpoint.by_name(state), folder)
    return generator
