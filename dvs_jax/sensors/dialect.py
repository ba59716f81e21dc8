"""How a file writes the rows of a table: separators, quotes, decimal commas, units of columns."""

import csv
import re
from dataclasses import dataclass

_UNITS = {
    "s": ("s", "sec", "second", "seconds"),
    "ms": ("ms", "msec", "millisecond", "milliseconds"),
    "us": ("us", "µs", "μs", "microsecond", "microseconds"),
    "ns": ("ns", "nanosecond", "nanoseconds"),
    "rad_s": ("rad/s", "rad/sec", "rads/s", "radians/s"),
    "deg_s": ("deg/s", "deg/sec", "°/s", "dps", "degrees/s"),
    "m_s2": ("m/s²", "m/s^2", "m/s2", "m/s/s"),
    "g": ("g",),
}
"""A unit as it ends a column's name here, and as programs write it."""

_SHORT_UNIT = {written: unit for unit, spellings in _UNITS.items() for written in spellings}

_WITH_UNIT = re.compile(r"(.*\S)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]")

_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Dialect:
    """How a file separates the fields of a row.

    Attributes:
        delimiter: what stands between fields, None for white space.
        columns: fields in a row.
    """

    delimiter: str | None
    columns: int

    def fields(self, row: str) -> list[str]:
        """Return a row's fields without quotes, with decimal points, without empty ones added."""
        fields = _decimal_points(row, self.delimiter)
        while len(fields) > self.columns and not fields[-1].strip():
            fields.pop()
        return fields

    def plain(self, row: str) -> str:
        """Return the row as it would be without quotes, decimal commas and separators at its end.

        Most rows are so already, and come back as they are.
        """
        has_commas = self.delimiter != "," and "," in row
        ends = self.delimiter is not None and row.endswith(self.delimiter)
        if not (has_commas or ends or '"' in row or "'" in row):
            return row
        # A blank row would be skipped by those who read it.
        return (self.delimiter or " ").join(self.fields(row)).strip() or "?"


def sniff(row: str) -> Dialect:
    """Return the dialect that a file's first row, its names or numbers, tells."""
    delimiter = _delimiter(row)
    fields = _unquoted(row, delimiter)
    while len(fields) > 1 and not fields[-1].strip():
        fields.pop()
    return Dialect(delimiter, len(fields))


def names_of(row: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the names in a header: small letters, a unit in brackets as an ending (`t_s`)."""
    return tuple(_name(field) for field in _unquoted(row, dialect.delimiter)[: dialect.columns])


def units_of(row: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the units in a row of them, "" where a column has none; () for any other row."""
    fields = [field.strip(" \t()[]").lower() for field in _unquoted(row, dialect.delimiter)]
    known = [_SHORT_UNIT.get(field, "") for field in fields[: dialect.columns]]
    return tuple(known) if any(known) else ()


def with_units(names: tuple[str, ...], units: tuple[str, ...]) -> tuple[str, ...]:
    """Return names with the units of a row of as many as endings."""
    return tuple(
        f"{name}_{unit}" if unit else name for name, unit in zip(names, units, strict=True)
    )


def has_decimal_commas(row: str, dialect: Dialect) -> bool:
    """Return whether a row of numbers writes commas for decimal points."""
    return any(map(_DECIMAL_COMMA.fullmatch, _unquoted(row, dialect.delimiter)))


def _delimiter(row: str) -> str | None:
    if ";" in row:
        return ";"
    # Names such as "Time (s)" hold spaces.
    if any(" " in field.strip() for field in row.split("\t")) and "\t" in row:
        return "\t" if not any(map(_starts_a_number, row.split("\t"))) else None
    words = row.split()
    if len(words) > 1 and any(map(_DECIMAL_COMMA.fullmatch, words)):
        return None
    return "," if "," in row else None


def _starts_a_number(field: str) -> bool:
    return re.match(r"\s*[-+.]?\d", field) is not None


def _unquoted(row: str, delimiter: str | None) -> list[str]:
    if delimiter is not None and '"' in row:
        row = re.sub(r'"\s+(?=[,;\t])', '"', row)
        fields = next(csv.reader([row], delimiter=delimiter, skipinitialspace=True), [])
    else:
        fields = row.replace('"', "").split(delimiter)
    return [field.strip().strip("'") for field in fields]


def _decimal_points(row: str, delimiter: str | None) -> list[str]:
    fields = _unquoted(row, delimiter)
    return [field.replace(",", ".") for field in fields] if "," in row else fields


def _name(field: str) -> str:
    name = field.strip().strip("\"'").strip().lower()
    found = _WITH_UNIT.fullmatch(name)
    unit = _SHORT_UNIT.get(found[2]) if found else None
    return f"{found[1]}_{unit}" if found and unit else name
