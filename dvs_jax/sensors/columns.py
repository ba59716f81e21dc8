"""Finds the columns of a table by name, and reads times without rounding."""

import logging
import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax.errors import InputError
from dvs_jax.sensors.table import TIME_NAME, Table

DECIMALS_BEFORE_NS = {"s": 9, "ms": 6, "us": 3, "ns": 0}
"""Time units, and by how many digits the decimal point moves right to give nanoseconds."""

_LONGEST_TIME_NS = 4e18
"""126 years: the difference of two such times still fits int64."""

_log = logging.getLogger("dvs_jax")


def time_ns(table: Table, column: int, unit: str) -> Int[np.ndarray, "row"]:
    """Return a column of times as int64 nanoseconds, exact to the last digit written.

    Args:
        table: the log.
        column: which column; may count from the end.
        unit: a key of `DECIMALS_BEFORE_NS`.

    Raises:
        InputError: a time is beyond 4e18 nanoseconds (126 years), or the file has changed since
            it was read.
    """
    shift = DECIMALS_BEFORE_NS[unit]
    values = table.columns([column])[:, 0]
    too_long = np.abs(values) > _LONGEST_TIME_NS / 10.0**shift
    if too_long.any():
        line = table.line[np.argmax(too_long)]
        raise InputError(f"{table.file}, line {line}: time out of range; is it in {unit}?")
    texts = (text.strip() for text in table.fields(column))
    try:
        times = np.fromiter((round(Decimal(text).scaleb(shift)) for text in texts), np.int64)
    except (OSError, IndexError, ArithmeticError, ValueError):
        raise table.changed() from None
    if len(times) != len(table.line):
        raise table.changed()
    return times


def select(table: Table, names: Sequence[str]) -> Float[np.ndarray, "row column"] | None:
    """Return the columns of these names in their order, or None unless all are there.

    Raises:
        InputError: something in one of them is no number.
    """
    if not set(names) <= set(table.names):
        return None
    return table.columns([table.names.index(name) for name in names])


def find_time_ns(table: Table, name: str) -> Int[np.ndarray, "row"] | None:
    """Return the times in the one named column, whose name ends in its unit (`t_us`).

    Args:
        table: the log.
        name: regular expression of the column's name without its unit.

    Returns:
        int64 nanoseconds, or None without such a column.

    Raises:
        InputError: several such columns, or one without a unit.
    """
    columns = [i for i, own in enumerate(table.names) if re.fullmatch(f"(?:{name})(_[^_]*)?", own)]
    if not columns:
        return None
    if len(columns) > 1:
        found = ", ".join(table.names[i] for i in columns[:5])
        raise InputError(f"{table.file}: several columns for one quantity ({found}); keep one")
    unit = table.names[columns[0]].rpartition("_")[2]
    if unit not in DECIMALS_BEFORE_NS:
        raise InputError(
            f"{table.file}: column {table.names[columns[0]][:40]!r} needs its unit at the end: "
            + ", ".join(f"_{known}" for known in DECIMALS_BEFORE_NS)
        )
    return time_ns(table, columns[0], unit)


def require_time_ns(table: Table) -> Int[np.ndarray, "row"]:
    """Return the times of a log with named columns as int64 nanoseconds.

    Raises:
        InputError: no time column, several, or one without a unit.
    """
    time = find_time_ns(table, TIME_NAME)
    if time is None:
        raise InputError(
            f"{table.file}: no time column among {table.header()}; name it t_s, t_ms, t_us or t_ns"
        )
    return time


def unknown_layout(table: Table, wanted: Sequence[str]) -> InputError:
    """Return the error for a table that has none of the layouts `wanted`."""
    found = table.header() or f"{table.values.shape[1]} columns without a header"
    return InputError(f"{table.file}: {found}; a log of this kind has " + ", or ".join(wanted))


def increasing(table: Table, time: Int[np.ndarray, "row"]) -> Bool[np.ndarray, "row"]:
    """Return which rows to keep so that time increases: the first of those with equal times.

    Loggers often repeat samples, so repeats only warn.

    Raises:
        InputError: time runs backwards.
    """
    step = np.diff(time)
    if (step < 0).any():
        row = int(np.argmax(step < 0))
        raise InputError(
            f"{table.file}, line {table.line[row + 1]}: time runs backwards, "
            f"from {time[row] / 1e9:.6f} s to {time[row + 1] / 1e9:.6f} s"
            + ("" if table.names else "; is the time in that column? A header line can name it")
        )
    keep = np.concatenate([[True], step > 0])
    if not keep.all():
        repeats = np.count_nonzero(~keep)
        line = table.line[np.argmin(keep)]
        _log.warning(
            "%s: dropped %d samples that repeat a time (first on line %d)",
            table.file,
            repeats,
            line,
        )
    return keep
