"""Files read, but never more of one at once than it may hold."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dvs_jax.errors import InputError, reading
from dvs_jax.regular_file import require_regular

_LONGEST_LINE = 10_000
"""Characters. A file of one endless line would be held whole."""

LARGEST_NOTE = 4 << 20
"""Bytes of a description or a note; those that are written here have some thousands."""


def read_bytes(file: Path, largest: int = LARGEST_NOTE) -> bytes:
    """Return a file's content.

    Args:
        file: no pipe, which may never end.
        largest: the bytes it may have.

    Raises:
        InputError: it is no such file, cannot be read, or is larger.
    """
    size = require_regular(file)
    if size > largest:
        raise InputError(f"{file}: has {size} bytes, and such a file at most {largest}")
    with reading(file, "cannot be read"):
        return file.read_bytes()


def lines(file: Path, encoding: str = "utf-8-sig") -> Iterator[str]:
    """Yield a text file's lines, with "�" for what is wrong in its encoding.

    Raises:
        InputError: it cannot be read, or a line (it is named) has more than 10,000 characters.
    """
    require_regular(file)
    with reading(file, "no text"), file.open(encoding=encoding, errors="replace") as text:
        for number, line in enumerate(iter(partial(text.readline, _LONGEST_LINE + 1), ""), 1):
            if len(line) > _LONGEST_LINE:
                raise InputError(
                    f"{file}, line {number}: has more than {_LONGEST_LINE} characters, "
                    "so this is no table of numbers"
                )
            yield line


def read_json(file: Path) -> Any:
    """Return the value that a note of JSON holds.

    Raises:
        InputError: it cannot be read, is too large, or is not JSON.
    """
    content = read_bytes(file)
    with reading(file, "not JSON"):
        return json.loads(content)
