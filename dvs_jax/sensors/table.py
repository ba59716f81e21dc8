"""Reads tables of numbers from text files, the basis of every log format."""

import logging
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.bounded_file import lines, require_regular
from dvs_jax.errors import InputError, reading
from dvs_jax.sensors import dialect
from dvs_jax.sensors.dialect import Dialect

TIME_NAME = r"(?:t|time|timestamp)(?!_ois)"
"""Regular expression of a time column's name without its unit."""

_LARGEST = 1e30
"""Larger than any sensor value in any unit, and safe to square."""

_BLOCK_BYTES = 1 << 20

_CONTROL_CHARACTERS = re.compile(rb"[\0-\x08\x0e-\x1f]")

_SEPARATOR_LINE = re.compile(r"sep=.?", re.IGNORECASE)
"""What spreadsheets are told the separator by."""

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class _Rows:
    """Where a table's rows lie in its file.

    Attributes:
        file: the log file.
        encoding: of the file.
        begin: the line of the first row of numbers or later rows' first possible line.
        header: the line of names, which some loggers repeat; "" without one.
        dialect: how the rows are written.
    """

    file: Path
    encoding: str
    begin: int
    header: str
    dialect: Dialect

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield the number and text, without comments, of each row of numbers."""
        for number, row in _texts(self.file, self.encoding, self.begin):
            if row != self.header:
                yield number, row


@dataclass(frozen=True)
class Table:
    """The numbers of one log file; its text, which may be large, is read again where needed.

    Attributes:
        file: the log file.
        names: the header's column names in lower case; empty without a header.
        values: float64 [row, column], all finite and below 1e30. Of a table with names, columns
            in which anything else stands are nan; `column` complains of them.
        line: int64 [row], the line in the file that each row stands on, counted from 1.
    """

    file: Path
    names: tuple[str, ...]
    values: Float[np.ndarray, "row column"]
    line: Int[np.ndarray, "row"]
    _rows: _Rows

    def fields(self, column: int) -> Iterator[str]:
        """Yield a column's text, for numbers that float64 would round."""
        plain, delimiter = self._rows.dialect.plain, self._rows.dialect.delimiter
        texts = (plain(row).split(delimiter)[column] for _, row in self._rows)
        return islice(texts, len(self.line))

    def lines_of(self, rows: slice) -> Iterator[str]:
        """Yield the file's lines without those of all other rows."""
        dropped = set(self.line.tolist()) - set(self.line[rows].tolist())
        for number, line in enumerate(lines(self.file, self._rows.encoding), 1):
            if number not in dropped:
                yield line

    def columns(self, chosen: Sequence[int]) -> Float[np.ndarray, "row column"]:
        """Return columns, by their places.

        Raises:
            InputError: something in one of them is no possible number; its line is named.
        """
        values = self.values[:, list(chosen)]
        if np.isnan(values).any():
            _complain(self._rows, chosen)
        return values

    def header(self) -> str:
        """Return the column names, cut to what fits a message."""
        return textwrap.shorten(", ".join(self.names), 100, placeholder=" …")

    def changed(self) -> InputError:
        """Return the error for a file that has changed since it was read."""
        return InputError(f"{self.file}: changed while it was read; wait until it is complete")


def read(file: Path, begin: int = 1) -> Table:
    """Read a text file of numbers: whitespace, comma, semicolon or tab between columns.

    Blank lines, what follows a `#`, and a header that is repeated are skipped; so are quotes,
    separators at a line's end, and NULs at the file's end. Decimal commas are read where a comma
    cannot be a separator. A first line without any number names the columns; so does a comment in
    front of the numbers if it names a time with its unit. Units stand in brackets in the names
    (`Time (s)` is `time_s`) or in a line of their own after them.

    Args:
        file: the log file.
        begin: the line, counted from 1, before which nothing is read.

    Raises:
        InputError: the file cannot be read, is not text, has no rows, or a row (named by its line)
            has another column count or, without a header, text, NaN or infinity.
    """
    with reading(file, "not a table of numbers"):
        return _read(file, begin)


def _read(file: Path, begin: int) -> Table:
    encoding = _encoding(file)
    first_line, first = next(_texts(file, encoding, begin), (0, ""))
    if _SEPARATOR_LINE.fullmatch(first):
        first_line, first = next(_texts(file, encoding, first_line + 1), (0, ""))
    if not first:
        raise InputError(f"{file}: the log is empty; record it again or leave the file away")
    written = dialect.sniff(first)
    names = () if any(map(_is_number, written.fields(first))) else dialect.names_of(first, written)
    rows = _Rows(file, encoding, first_line + bool(names), first if names else "", written)
    if names:
        names, rows = _with_units(names, rows)
    line = np.fromiter((number for number, _ in rows), np.int64)
    if not len(line):
        raise InputError(f"{file}: the log has a header and no rows")
    if not names:
        names = _commented_names(islice(lines(file, encoding), first_line - 1), written.columns)
    _tell_of_decimal_commas(rows)
    table = Table(file, names, _parse(rows, bool(names)), line, rows)
    if len(table.values) != len(line):
        raise table.changed()
    return table


def _with_units(names: tuple[str, ...], rows: _Rows) -> tuple[tuple[str, ...], _Rows]:
    """Return the names with the units of a row that follows them, and the rows after it."""
    number, row = next(iter(rows), (0, ""))
    units = dialect.units_of(row, rows.dialect)
    if len(units) != len(names):
        return names, rows
    named = dialect.with_units(names, units)
    return named, _Rows(rows.file, rows.encoding, number + 1, rows.header, rows.dialect)


def _tell_of_decimal_commas(rows: _Rows) -> None:
    if any(dialect.has_decimal_commas(row, rows.dialect) for _, row in islice(rows, 20)):
        _log.info("%s: commas in its numbers are read as decimal commas", rows.file)


def _texts(file: Path, encoding: str, begin: int = 1) -> Iterator[tuple[int, str]]:
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
        ended = False
        while block := raw.read(_BLOCK_BYTES):
            # A logger that loses its power leaves NULs where it had not written yet.
            text = block.rstrip(b"\0")
            if (ended and text) or _CONTROL_CHARACTERS.search(text):
                raise InputError(f"{file}: not a text file, so not a sensor log")
            ended = ended or len(text) < len(block)
    return "utf-8-sig"


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    # Python's float() accepts 1_000 and digits of all scripts, NumPy does not.
    return "_" not in field and field.isascii()


def _is_possible(field: str) -> bool:
    return _is_number(field) and abs(float(field)) < _LARGEST


def _commented_names(comments: Iterable[str], columns: int) -> tuple[str, ...]:
    """Return the names in a comment such as `# t_ms, wx, wy, wz`, which np.savetxt writes."""
    for comment in reversed(list(comments)):
        names = tuple(re.findall(r"[^\s,;#]+", comment.lower()))
        is_time = [re.fullmatch(f"{TIME_NAME}_(s|ms|us|ns)", name) for name in names]
        if len(names) == columns and any(is_time):
            return names
    return ()


def _parse(rows: _Rows, has_names: bool) -> Float[np.ndarray, "row column"]:
    columns = rows.dialect.columns
    values = _numbers(rows)
    if values is not None and values.shape[1] == columns and (np.abs(values) < _LARGEST).all():
        return values
    if not has_names:
        _complain(rows, range(columns))
    chosen = _number_columns(rows)
    values = np.full((sum(1 for _ in rows), columns), np.nan)
    if chosen:
        values[:, chosen] = _numbers(rows, chosen)
    return values


def _numbers(
    rows: _Rows, chosen: list[int] | None = None
) -> Float[np.ndarray, "row column"] | None:
    """Return the rows' numbers, of all columns or some, or None where one is no number."""
    texts = (rows.dialect.plain(row) for _, row in rows)
    delimiter = rows.dialect.delimiter
    try:
        return np.loadtxt(texts, delimiter=delimiter, comments=None, ndmin=2, usecols=chosen)
    except ValueError:
        return None


def _number_columns(rows: _Rows) -> list[int]:
    """Return which columns hold nothing but possible numbers."""
    chosen = list(range(rows.dialect.columns))
    for number, row in rows:
        fields = _fields(rows, number, row)
        chosen = [column for column in chosen if _is_possible(fields[column])]
    return chosen


def _fields(rows: _Rows, number: int, row: str) -> list[str]:
    fields, columns = rows.dialect.fields(row), rows.dialect.columns
    if len(fields) != columns:
        raise InputError(
            f"{rows.file}, line {number}: {len(fields)} columns where {columns} are expected"
            + (
                "; decimal commas and commas between columns cannot be told apart: write points"
                if len(fields) == 2 * columns and rows.dialect.delimiter == ","
                else ""
            )
        )
    return fields


def _complain(rows: _Rows, columns: Iterable[int]) -> NoReturn:
    """Raise for the first bad line; too slow to read a log, fast enough to explain an error."""
    columns = list(columns)
    for number, row in rows:
        fields = _fields(rows, number, row)
        for field in (fields[column] for column in columns):
            if not _is_number(field):
                raise InputError(
                    f"{rows.file}, line {number}: {field.strip()[:40]!r} is not a number"
                )
            if not _is_possible(field):
                shown = field.strip()[:40]
                raise InputError(f"{rows.file}, line {number}: {shown} is no possible reading")
    raise InputError(f"{rows.file}: not a table of numbers")
