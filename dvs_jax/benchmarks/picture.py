"""A benchmark's report as a bar chart, with a panel for each table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dvs_jax import plots
from dvs_jax.benchmarks.report import Report, Table, require_file
from dvs_jax.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_INCHES, _BAR_INCHES, _MARGIN_INCHES, _DPI = 9.0, 0.28, 1.1, 100


def require_picture(file: Path | None) -> None:
    """Raise InputError, before the work begins, if a picture cannot be written to a file."""
    if file is not None:
        if file.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise InputError(f"{file}: is no picture's name; let it end in .png or .jpg")
        require_file(file, "the picture")


def draw(report: Report, file: Path) -> None:
    """Draw the tables' numbers as bars, with the environment below.

    Args:
        report: the report.
        file: where the picture goes, a .png or .jpg; it appears there complete or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    heights = [_height_inches(table) for table in report.tables]
    figure = Figure((_WIDTH_INCHES, sum(heights)), dpi=_DPI, layout="constrained")
    panels = figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0]
    for panel, table in zip(panels, report.tables, strict=True):
        _draw_bars(panel, table)
    figure.supxlabel(str(report.environment), fontsize="small")
    plots.save(figure, file)


def _height_inches(table: Table) -> float:
    return _MARGIN_INCHES + _BAR_INCHES * len(table.rows) * len(table.drawn)


def _draw_bars(panel: Axes, table: Table) -> None:
    rows, thickness = np.arange(len(table.rows)), 0.8 / len(table.drawn)
    for index, name in enumerate(table.drawn):
        offset = (index - (len(table.drawn) - 1) / 2) * thickness
        lengths = np.array(table.values(name), dtype=float)
        panel.barh(rows + offset, lengths, thickness, label=name)
    panel.set_yticks(rows, [_label(table, row) for row in range(len(table.rows))])
    panel.invert_yaxis()
    plots.dress(panel, "")
    panel.set_title(table.title, fontsize="medium", parse_math=False)
    if len(table.drawn) > 1:
        panel.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    else:
        panel.set_xlabel(table.drawn[0])


def _label(table: Table, row: int) -> str:
    """Return a row's label: its text columns."""
    cells = zip(table.columns, table.rows[row], strict=True)
    return ", ".join(str(value) for column, value in cells if not column.form)
