"""Reads tables of numbers from text files, the basis of every log format."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.bounded_file import lines, require_regular
from dvs_jax.errors import InputError, reading

TIME_NAME = r"(?:t|time|timestamp)(?!_ois)"
"""Regular expression of a time column's name without its unit."""

_LARGEST = 1e30
"""Larger than any sensor value in any unit, and safe to square."""

_BLOCK_BYTES = 1 << 20

_CONTROL_CHARACTERS = re.compile(rb"[\0-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Table:
    """The numbers of one log file; its text, which may be large, is read again where needed.

    Attributes:
        file: the log file.
        encoding: of the file.
        names: the header's column names in lower case; empty without a header.
        values: float64 [row, column], all finite and below 1e30.
        line: int64 [row], the line in the file that each row stands on, counted from 1.
        delimiter: what separates columns, None for whitespace.
    """

    file: Path
    encoding: str
    names: tuple[str, ...]
    values: Float[np.ndarray, "row column"]
    line: Int[np.ndarray, "row"]
    delimiter: str | None

    def rows(self) -> Iterator[str]:
        """Yield each row's text, for numbers that float64 would round."""
        rows = _rows(self.file, self.encoding, int(self.line[0]))
        return islice((row for _, row in rows), len(self.line))

    def header(self) -> str:
        """Return the column names, cut to what fits a message."""
        return textwrap.shorten(", ".join(self.names), 100, placeholder=" …")

    def changed(self) -> InputError:
        """Return the error for a file that has changed since it was read."""
        return InputError(f"{self.file}: changed while it was read; wait until it is complete")


def read(file: Path) -> Table:
    """Read a text file of numbers: whitespace, comma or semicolon between columns.

    Blank lines and what follows a `#` are skipped. A first line without any number names the
    columns; so does a comment in front of the numbers if it names a time with its unit.

    Raises:
        InputError: the file cannot be read, is not text, has no rows, or a row (named by its line)
            has another column count, text, NaN or infinity.
    """
    with reading(file, "not a table of numbers"):
        return _read(file)


def _read(file: Path) -> Table:
    encoding = _encoding(file)
    first_line, first = next(_rows(file, encoding), (0, ""))
    if not first:
        raise InputError(f"{file}: the log is empty; record it again or leave the file away")
    delimiter = _delimiter(first)
    columns, names = len(first.split(delimiter)), _names(first, delimiter)
    begin = first_line + bool(names)
    line = np.fromiter((number for number, _ in _rows(file, encoding, begin)), np.int64)
    if not len(line):
        raise InputError(f"{file}: the log has a header and no rows")
    if not names:
        names = _commented_names(islice(lines(file, encoding), first_line - 1), columns)
    values = _parse(file, encoding, begin, delimiter, columns)
    table = Table(file, encoding, names, values, line, delimiter)
    if len(values) != len(line):
        raise table.changed()
    return table


def _rows(file: Path, encoding: str, begin: int = 1) -> Iterator[tuple[int, str]]:
    """Yield the number and text, without comments, of each non-blank line from `begin` on."""
    # Numbers are ASCII in every encoding in use, so a wrong encoding garbles only comments.
    for number, line in enumerate(lines(file, encoding), 1):
        if number >= begin and (row := line.partition("#")[0].strip()):
            yield number, row


def _encoding(file: Path) -> str:
    require_regular(file)
    with file.open("rb") as raw:
        if raw.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        raw.seek(0)
        while block := raw.read(_BLOCK_BYTES):
            if _CONTROL_CHARACTERS.search(block):
                raise InputError(f"{file}: not a text file, so not a sensor log")
    return "utf-8-sig"


def _delimiter(row: str) -> str | None:
    return next((mark for mark in (";", ",") if mark in row), None)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    # Python's float() accepts 1_000 and digits of all scripts, NumPy does not.
    return "_" not in field and field.isascii()


def _names(row: str, delimiter: str | None) -> tuple[str, ...]:
    fields = [field.strip().strip("\"'").lower() for field in row.split(delimiter)]
    return () if any(map(_is_number, fields)) else tuple(fields)


def _commented_names(comments: Iterable[str], columns: int) -> tuple[str, ...]:
    """Return the names in a comment such as `# t_ms, wx, wy, wz`, which np.savetxt writes."""
    for comment in reversed(list(comments)):
        names = tuple(re.findall(r"[^\s,;#]+", comment.lower()))
        is_time = [re.fullmatch(f"{TIME_NAME}_(s|ms|us|ns)", name) for name in names]
        if len(names) == columns and any(is_time):
            return names
    return ()


def _parse(
    file: Path, encoding: str, begin: int, delimiter: str | None, columns: int
) -> Float[np.ndarray, "row column"]:
    rows = (row for _, row in _rows(file, encoding, begin))
    try:
        values = np.loadtxt(rows, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        _complain(file, _rows(file, encoding, begin), delimiter, columns)
    if values.shape[1] != columns or not (np.abs(values) < _LARGEST).all():
        _complain(file, _rows(file, encoding, begin), delimiter, columns)
    return values


def _complain(
    file: Path, rows: Iterable[tuple[int, str]], delimiter: str | None, columns: int
) -> NoReturn:
    """Raise for the first bad line; too slow to read a log, fast enough to explain an error."""
    for number, text in rows:
        fields = text.split(delimiter)
        if len(fields) != columns:
            raise InputError(
                f"{file}, line {number}: {len(fields)} columns where {columns} are expected"
            )
        for field in fields:
            if not _is_number(field):
                raise InputError(f"{file}, line {number}: {field.strip()[:40]!r} is not a number")
            if not abs(float(field)) < _LARGEST:
                shown = field.strip()[:40]
                raise InputError(f"{file}, line {number}: {shown} is no possible reading")
    raise InputError(f"{file}: not a table of numbers")
