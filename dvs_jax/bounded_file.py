"""Reads files within bounds: regular files only, of limited size and line length."""

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dvs_jax.errors import InputError, reading, reason

_LONGEST_LINE = 10_000
"""Characters. Without a limit, a file without line breaks would be held in memory whole."""

LARGEST_NOTE = 4 << 20
"""Bytes of a small JSON or TOML file; those written by this package have a few thousand."""

_LONGEST_TOML = 16_384
"""Characters of a TOML file: the time to parse a dotted key grows with the square of its length."""

_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def require_regular(path: str | os.PathLike[str]) -> int:
    """Return a file's size in bytes; raise for anything else, since opening a pipe may block.

    Links are followed.

    Raises:
        InputError: there is no such file, it cannot be accessed, or it is a folder, pipe, socket
            or device.
    """
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    # ValueError: the name has a null character.
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from error
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
        raise InputError(f"{path}: is a {kind}, not a file; copy what it holds into a file")
    return status.st_size


def read_bytes(file: Path, largest: int = LARGEST_NOTE) -> bytes:
    """Return a file's content.

    Args:
        file: a regular file, else an error, since reading a pipe may block.
        largest: the most bytes it may have.

    Raises:
        InputError: it is not a regular file, cannot be read, or is larger.
    """
    size = require_regular(file)
    if size > largest:
        raise InputError(f"{file}: has {size} bytes, and such a file at most {largest}")
    with reading(file, "cannot be read"):
        return file.read_bytes()


def lines(file: Path, encoding: str = "utf-8-sig") -> Iterator[str]:
    """Yield a text file's lines, with "�" for bytes invalid in its encoding.

    The text ends before the line with its first NUL: what comes then was never written.

    Raises:
        InputError: it cannot be read, or a line (it is named) has more than 10,000 characters.
    """
    require_regular(file)
    with reading(file, "no text"), file.open(encoding=encoding, errors="replace") as text:
        for number, line in enumerate(iter(partial(text.readline, _LONGEST_LINE + 1), ""), 1):
            if "\0" in line:
                return
            if len(line) > _LONGEST_LINE:
                raise InputError(
                    f"{file}, line {number}: has more than {_LONGEST_LINE} characters, "
                    "so this is no table of numbers"
                )
            yield line


def read_json(file: Path) -> Any:
    """Return the content of a small JSON file.

    Raises:
        InputError: it cannot be read, is too large, or is not JSON.
    """
    content = read_bytes(file)
    with reading(file, "not JSON"):
        return json.loads(content)


def read_toml(file: Path) -> dict[str, Any]:
    """Return the content of a small TOML file.

    Raises:
        InputError: it cannot be read, is too large, or is not TOML.
    """
    content = read_bytes(file)
    with reading(file, "not a TOML file"):
        text = content.decode("utf-8-sig")
        if len(text) > _LONGEST_TOML:
            raise ValueError(f"it has more than {_LONGEST_TOML} characters")
        return tomllib.loads(text)
