"""The comparison as a printed table and as JSON."""

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import rich.box
import rich.table

from dvs_jax.evaluation.comparison import Comparison
from dvs_jax.evaluation.methods import Kind
from dvs_jax.evaluation.score import Score
from dvs_jax.whole_file import replacing

PATH_COLUMNS, PICTURE_COLUMNS = (
    tuple(field.name for field in dataclasses.fields(Score)[part])
    for part in (slice(0, 6), slice(6, None))
)

_UNITS: dict[Kind, str] = {"model": " ×"}


def render(comparison: Comparison) -> Iterator[rich.table.Table]:
    """Yield tables of the means over the clips: of the paths and, if known, of the pictures."""
    clips, crop = len(comparison.clips), comparison.crop
    shown = f"mean of {clips} clips" if clips > 1 else comparison.clips[0].name
    ahead = f"{1000 * comparison.look_ahead_s:.0f} ms look-ahead"
    yield _table(comparison, PATH_COLUMNS, f"paths at a crop of {crop:g}, {ahead}: {shown}")
    known = [name for name in PICTURE_COLUMNS if _is_known(comparison, name)]
    if known:
        yield _table(comparison, known, f"pictures at a crop of {crop:g}: {shown}")


def _is_known(comparison: Comparison, name: str) -> bool:
    return any(not math.isnan(getattr(each, name)) for each in comparison.means.values())


def _table(comparison: Comparison, columns: Sequence[str], title: str) -> rich.table.Table:
    screen = rich.table.Table("Method", title=title, box=rich.box.SIMPLE_HEAD)
    fields = {field.name: field for field in dataclasses.fields(Score)}
    for name in columns:
        screen.add_column(fields[name].metadata["label"], justify="right")
    means = comparison.means
    for kind, methods in groupby(comparison.methods, key=lambda method: method.kind):
        for method in methods:
            values = [
                _as_text(getattr(means[method.label], name), fields[name].metadata["form"])
                + (_UNITS.get(kind, " s") if name == "strength" and kind != "input" else "")
                for name in columns
            ]
            screen.add_row(method.label, *values)
        screen.add_section()
    return screen


def _as_text(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def write_json(comparison: Comparison, file: Path) -> None:
    """Write every number; what is not defined is null."""
    content = {
        "crop": comparison.crop,
        "look_ahead_s": comparison.look_ahead_s,
        "methods": [
            {"label": method.label, "name": method.name, "kind": method.kind}
            for method in comparison.methods
        ],
        "mean": _scores(comparison.means),
        "clips": [{"name": clip.name, "scores": _scores(clip.scores)} for clip in comparison.clips],
        "left_out": comparison.left_out,
    }
    with replacing(file) as part:
        part.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def _scores(scores: dict[str, Score]) -> dict[str, Any]:
    return {label: _without_nan(dataclasses.asdict(each)) for label, each in scores.items()}


def _without_nan(measures: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in measures.items()}
