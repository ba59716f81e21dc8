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

LONGEST_TIME_NS = 4e18
"""126 years: the difference of two such times still fits int64."""

_FEW_REPEATS = 0.1
"""Of all rows: where more than these share a time with the row before, they are no repeats."""

_LONGEST_BATCH = 3.0
"""How many times as long as usual a batch may have taken."""

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
    too_long = np.abs(values) > LONGEST_TIME_NS / 10.0**shift
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


def increasing(
    table: Table, time: Int[np.ndarray, "row"]
) -> tuple[Int[np.ndarray, "row"], Bool[np.ndarray, "row"]]:
    """Return times that increase over the rows to keep, and which rows those are.

    Loggers often repeat samples: of a few rows with one time the first is kept, with a warning.
    Where many share their times, samples came in batches: they are spread evenly over the time to
    the next batch, with a warning too.

    Args:
        table: the log.
        time: int64 nanoseconds.

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
    fresh = np.concatenate([[True], step > 0])
    again = ~fresh
    values = np.nan_to_num(table.values)
    again[1:] &= (values[1:] == values[:-1]).all(axis=1)
    if np.count_nonzero(~fresh & ~again) > _FEW_REPEATS * len(time):
        return _spread(table, time, ~again)
    if not fresh.all():
        _log.warning(
            "%s: dropped %d samples that repeat a time (first on line %d)",
            *(table.file, np.count_nonzero(~fresh), table.line[np.argmin(fresh)]),
        )
    return time, fresh


def _spread(
    table: Table, time: Int[np.ndarray, "row"], keep: Bool[np.ndarray, "row"]
) -> tuple[Int[np.ndarray, "row"], Bool[np.ndarray, "row"]]:
    """Spread the kept rows of each batch evenly up to the next; the last goes on at their pace."""
    kept = time[keep]
    first = np.flatnonzero(np.concatenate([[True], np.diff(kept) > 0]))
    if len(first) < 2:
        return time, np.arange(len(time)) == 0
    count = np.diff(np.append(first, len(kept)))
    lasting = np.diff(kept[first]).astype(float)
    pace = np.median(lasting / count[:-1])
    # What was lost between two batches is a gap, not slower samples.
    lasting = np.append(np.minimum(lasting, _LONGEST_BATCH * pace * count[:-1]), pace * count[-1])
    place = np.arange(len(kept)) - np.repeat(first, count)
    spread = kept + (np.repeat(lasting / count, count) * place).astype(np.int64)
    _log.warning(
        "%s: samples came in batches of up to %d with one time; they are spread evenly up to the "
        "next batch",
        *(table.file, count.max()),
    )
    times, rising = time.copy(), keep.copy()
    times[keep] = spread
    rising[keep] = np.concatenate([[True], np.diff(spread) > 0])
    return times, rising
