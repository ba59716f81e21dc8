"""Tables of numbers in text files: what every log format is made of."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.errors import InputError

TIME_NAME = r"(?:t|time|timestamp)(?!_ois)"
"""Regular expression of a time column's name without its unit."""

_LARGEST = 1e30
"""Beyond any reading in any unit, and safe to square."""

_CONTROL_CHARACTERS = re.compile(rb"[\0-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Table:
    """One log file's numbers.

    Attributes:
        file: where they were read.
        names: the header's column names in lower case; empty without a header.
        values: float64 [row, column], all finite and below 1e30.
        line: int64 [row], the line in the file that each row stands on, counted from 1.
        text: each row as written, for numbers that float64 would round.
        delimiter: what separates columns, None for whitespace.
    """

    file: Path
    names: tuple[str, ...]
    values: Float[np.ndarray, "row column"]
    line: Int[np.ndarray, "row"]
    text: tuple[str, ...]
    delimiter: str | None


def read(file: Path) -> Table:
    """Read a text file of numbers: whitespace, comma or semicolon between columns.

    Blank lines and what follows a `#` are skipped. A first line without any number names the
    columns; so does a comment in front of the numbers if it names a time with its unit.

    Raises:
        InputError: the file cannot be read, is no text, has no rows, or a row (named by its line)
            has another column count, text, NaN or infinity.
    """
    lines = _decode(file).splitlines()
    contents = [line.partition("#")[0].strip() for line in lines]
    numbered = [(number, content) for number, content in enumerate(contents, 1) if content]
    if not numbered:
        raise InputError(f"{file}: the log is empty; record it again or leave the file away")
    first_line, first = numbered[0]
    delimiter = _delimiter(first)
    columns = len(first.split(delimiter))
    names = _names(first, delimiter)
    if names:
        numbered = numbered[1:]
        if not numbered:
            raise InputError(f"{file}: the log has a header and no rows")
    else:
        names = _commented_names(lines[: first_line - 1], columns)
    values = _parse(file, numbered, delimiter, columns)
    line = np.array([number for number, _ in numbered])
    return Table(file, names, values, line, tuple(text for _, text in numbered), delimiter)


def _decode(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if _CONTROL_CHARACTERS.search(raw):
        raise InputError(f"{file}: not a text file, so not a sensor log")
    # Numbers are ASCII in every encoding in use; a comment may be garbled, a number may not.
    return raw.decode("utf-8-sig", errors="replace")


def _delimiter(row: str) -> str | None:
    return next((mark for mark in (";", ",") if mark in row), None)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field  # Python reads 1_000, NumPy does not.


def _names(row: str, delimiter: str | None) -> tuple[str, ...]:
    fields = [field.strip().strip("\"'").lower() for field in row.split(delimiter)]
    return () if any(map(_is_number, fields)) else tuple(fields)


def _commented_names(comments: list[str], columns: int) -> tuple[str, ...]:
    """Return the names in a comment such as `# t_ms, wx, wy, wz`, which np.savetxt writes."""
    for comment in reversed(comments):
        names = tuple(re.findall(r"[^\s,;#]+", comment.lower()))
        is_time = [re.fullmatch(f"{TIME_NAME}_(s|ms|us|ns)", name) for name in names]
        if len(names) == columns and any(is_time):
            return names
    return ()


def _parse(
    file: Path, numbered: list[tuple[int, str]], delimiter: str | None, columns: int
) -> Float[np.ndarray, "row column"]:
    rows = [text for _, text in numbered]
    try:
        values = np.loadtxt(rows, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        _complain(file, numbered, delimiter, columns)
    if values.shape[1] != columns or not (np.abs(values) < _LARGEST).all():
        _complain(file, numbered, delimiter, columns)
    return values


def _complain(
    file: Path, numbered: list[tuple[int, str]], delimiter: str | None, columns: int
) -> NoReturn:
    """Find the first bad line: too slow a way to read a log, quick enough to explain one."""
    for number, text in numbered:
        fields = text.split(delimiter)
        if len(fields) != columns:
            raise InputError(
                f"{file}, line {number}: {len(fields)} columns where {columns} are expected"
            )
        for field in fields:
            if not _is_number(field):
                raise InputError(f"{file}, line {number}: {field.strip()[:40]!r} is not a number")
            if not abs(float(field)) < _LARGEST:
                raise InputError(f"{file}, line {number}: {field.strip()} is no possible reading")
    raise InputError(f"{file}: not a table of numbers")
