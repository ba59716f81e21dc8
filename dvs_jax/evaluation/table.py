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
from dvs_jax.evaluation.score import Part, Score
from dvs_jax.whole_file import replacing

_TITLES: dict[Part, str] = {
    "shake": "what moves above 2 Hz in the pictures, 640 px wide, and their sharpness",
    "wish": "the videos by the limits that are wished for",
    "path": "paths",
    "picture": "pictures by the official program's measures",
}

_UNITS: dict[Kind, str] = {"input": "", "pictures": "", "model": " ×"}


def render(comparison: Comparison) -> Iterator[rich.table.Table]:
    """Yield tables of the means over the clips, without those of which nothing is known."""
    clips, crop = len(comparison.clips), comparison.crop
    shown = f"mean of {clips} clips" if clips > 1 else comparison.clips[0].name
    ahead = f"{1000 * comparison.look_ahead_s:.0f} ms look-ahead"
    for part, title in _TITLES.items():
        columns = [
            field.name for field in dataclasses.fields(Score) if field.metadata["part"] == part
        ]
        known = [name for name in columns if part == "path" or _is_known(comparison, name)]
        if any(_is_known(comparison, name) for name in known):
            how = f"a crop of {crop:g}, {ahead}" if part == "path" else f"a crop of {crop:g}"
            yield _table(comparison, known, f"{title} at {how}: {shown}")


def _is_known(comparison: Comparison, name: str) -> bool:
    return any(not math.isnan(getattr(each, name)) for each in comparison.means.values())


def _table(comparison: Comparison, columns: Sequence[str], title: str) -> rich.table.Table:
    screen = rich.table.Table("Method", title=title, box=rich.box.SIMPLE_HEAD)
    fields = {field.name: field for field in dataclasses.fields(Score)}
    for name in columns:
        screen.add_column(fields[name].metadata["label"], justify="right")
    means = comparison.means
    found = [
        method
        for method in comparison.methods
        if any(method.label in clip.scores for clip in comparison.clips)
    ]
    for kind, methods in groupby(found, key=lambda method: method.kind):
        for method in methods:
            values = [
                _as_text(getattr(means[method.label], name), fields[name].metadata["form"])
                + (_UNITS.get(kind, " s") if name == "strength" else "")
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
