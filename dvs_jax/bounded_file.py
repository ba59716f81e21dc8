"""Files read with bounds: no pipe that never ends, and no more at once than a file may hold."""

import json
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dvs_jax.errors import InputError, reading, reason

_LONGEST_LINE = 10_000
"""Characters. A file of one endless line would be held whole."""

LARGEST_NOTE = 4 << 20
"""Bytes of a description or a note; those that are written here have some thousands."""


_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def require_regular(path: str | os.PathLike[str]) -> int:
    """Return how many bytes a file has; refuse whatever is no file, opening which may never end.

    A link counts as what it points to.

    Raises:
        InputError: there is no such file, it cannot be looked at, or it is a folder, pipe, socket
            or device.
    """
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    # A ValueError: the name holds a null character.
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from error
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
        raise InputError(f"{path}: is a {kind}, not a file; copy what it holds into a file")
    return status.st_size


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
