"""Sizes of PAVER."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from dvs_jax.errors import InputError

PATCH = 16
"""Pixels of a patch, along and down."""


@dataclass(frozen=True)
class Architecture:
    """What a network consists of; the defaults are the published ones.

    Attributes:
        height: of the picture and of the map; a multiple of `PATCH`. Both are twice as wide.
        width: of the tokens.
        heads: of the transformer's attention.
        blocks: of the transformer.
        decoder_heads: of the decoder's attention.
        bilinear: whether pixels are interpolated; otherwise positions are truncated.
    """

    height: int = 224
    width: int = 768
    heads: int = 12
    blocks: int = 12
    decoder_heads: int = 8
    bilinear: bool = False

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.height // PATCH, 2 * self.height // PATCH

    @property
    def patches(self) -> int:
        """Patches of a picture."""
        rows, columns = self.grid
        return rows * columns


def to_dict(architecture: Architecture) -> dict[str, Any]:
    """Return the fields as JSON values."""
    return asdict(architecture)


def from_dict(values: Mapping[str, Any], file: Path) -> Architecture:
    """Return the architecture of a checkpoint.

    Args:
        values: fields by name; those left out have their defaults.
        file: where they come from, for messages.

    Raises:
        InputError: a field is unknown or makes no sense; it is named.
    """
    types = {field.name: type(field.default) for field in fields(Architecture)}
    for name, value in values.items():
        of_its_type = type(value) is types.get(name)
        if not of_its_type or (value is not False and value < 1):
            raise InputError(f"{file}: {name} is {value!r}, which no PAVER has")
    return sound(Architecture(**values), file)


def sound(found: Architecture, file: Path) -> Architecture:
    """Return an architecture that there can be.

    Raises:
        InputError: there cannot.
    """
    if found.height % (2 * PATCH):
        raise InputError(f"{file}: height {found.height} is not a multiple of {2 * PATCH}")
    for heads in (found.heads, found.decoder_heads):
        if found.width % heads:
            raise InputError(f"{file}: a width of {found.width} cannot be shared by {heads} heads")
    return found
