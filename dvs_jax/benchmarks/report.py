"""The report of a benchmark, the same form for all, printed and written as JSON."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import rich.box
import rich.table

from dvs_jax.benchmarks.environment import Environment
from dvs_jax.errors import InputError
from dvs_jax.whole_file import make_folder, replacing

Value = str | int | float


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: its heading, with the unit of its numbers where they have one.
        form: how its numbers are shown, as `format` takes it; empty for text.
    """

    name: str
    form: str = ""

    def show(self, value: Value) -> str:
        """Return a value as text."""
        if isinstance(value, float) and math.isnan(value):
            return "–"
        return format(value, self.form) if self.form else str(value)


@dataclass(frozen=True)
class Table:
    """A table of measurements.

    Attributes:
        title: its heading.
        columns: text columns, which label the rows, come first.
        rows: a value for each column; NaN where undefined.
        drawn: names of the columns that the chart shows; several have one unit.
        caption: text below the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    drawn: tuple[str, ...]
    caption: str = ""

    def values(self, name: str) -> list[Value]:
        """Return the values of a column."""
        names = [column.name for column in self.columns]
        return [row[names.index(name)] for row in self.rows]


@dataclass(frozen=True)
class Report:
    """The measurements of one run.

    Attributes:
        benchmark: its name on the command line.
        tables: the measurements.
        ratios: by name, of measurements to one another or to a published number.
        remarks: sentences printed with them.
        details: further data for the file, as JSON values; NaN where a number is undefined.
        environment: where and when it ran.
    """

    benchmark: str
    tables: tuple[Table, ...]
    ratios: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)


def render(report: Report) -> Iterator[rich.table.Table | str]:
    """Yield the parts to print, from top to bottom."""
    yield from map(_render_table, report.tables)
    for name, ratio in report.ratios.items():
        yield f"{name}: {ratio:.2f} ×"
    yield from report.remarks
    yield str(report.environment)


def _render_table(table: Table) -> rich.table.Table:
    caption = table.caption or None
    screen = rich.table.Table(title=table.title, caption=caption, box=rich.box.SIMPLE_HEAD)
    for column in table.columns:
        if column.form:
            screen.add_column(column.name, justify="right", overflow="fold")
        else:
            screen.add_column(column.name, no_wrap=True)
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        screen.add_row(*(column.show(value) for column, value in cells))
    return screen


def require_file(file: Path | None, what: str) -> None:
    """Raise InputError, before the work begins, if a file cannot be written."""
    if file is not None:
        make_folder(file.parent)
        if file.is_dir():
            raise InputError(f"{file}: is a folder; name a file for {what}")


def write(report: Report, file: Path) -> None:
    """Write every number as JSON; undefined ones are null.

    Raises:
        InputError: the file cannot be written.
    """
    content = {
        "benchmark": report.benchmark,
        "environment": dataclasses.asdict(report.environment),
        "tables": [_as_json(table) for table in report.tables],
        "ratios": report.ratios,
        "remarks": report.remarks,
        "details": report.details,
    }
    with replacing(file) as part:
        text = json.dumps(_without_nan(content), indent=2, allow_nan=False, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")


def _as_json(table: Table) -> dict[str, Any]:
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    return {"title": table.title, "rows": rows}


def _without_nan(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _without_nan(each) for name, each in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(each) for each in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
