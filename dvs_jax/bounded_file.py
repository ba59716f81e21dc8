"""Files read whole, but never more of one than it may hold."""

import json
import stat
from pathlib import Path
from typing import Any

from dvs_jax.errors import InputError, reading

LARGEST_NOTE = 4 << 20
"""Bytes of a description or a note; those that are written here have some thousands."""


def read_bytes(file: Path, largest: int = LARGEST_NOTE) -> bytes:
    """Return a file's content.

    Args:
        file: an ordinary one: a pipe, which may never end, is refused.
        largest: the bytes it may have.

    Raises:
        InputError: it is no such file, cannot be read, or is larger.
    """
    with reading(file, "cannot be read"):
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise InputError(f"{file}: is no ordinary file; copy what it gives into one")
        with file.open("rb") as opened:
            content = opened.read(largest + 1)
    if len(content) > largest:
        raise InputError(f"{file}: is larger than the {largest} bytes that such a file may have")
    return content


def read_json(file: Path) -> Any:
    """Return the value that a note of JSON holds.

    Raises:
        InputError: it cannot be read, is too large, or is not JSON.
    """
    content = read_bytes(file)
    with reading(file, "not JSON"):
        return json.loads(content)
