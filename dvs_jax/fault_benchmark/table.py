"""The comparison on the screen and as a file."""

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich.box
import rich.table

from dvs_jax.evaluation.comparison import LOOK_AHEAD_S
from dvs_jax.fault_benchmark.comparison import CROP, FaultReport, Result
from dvs_jax.whole_file import replacing

_TITLES = {
    "picture_jitter_deg": "what still moves in the output's pictures",
    "exact_jitter_deg": "what still moves by the true path",
}


def render(report: FaultReport) -> Iterator[rich.table.Table]:
    """Lay the means over the clips out for the screen: of the pictures, and of the true path."""
    for measure, title in _TITLES.items():
        yield _table(report, measure, title)


def _table(report: FaultReport, measure: str, title: str) -> rich.table.Table:
    clips = "1 clip" if len(report.clips) == 1 else f"mean of {len(report.clips)} clips"
    title = f"{title}: deg RMS above 2 Hz\n{clips}, crop {CROP:g}"
    screen = rich.table.Table(title=title, caption=_caption(report), box=rich.box.SIMPLE_HEAD)
    screen.add_column("Fault", no_wrap=True)
    for label in (*report.methods, *_ratio_label(report)):
        screen.add_column(label.removeprefix("model "), justify="right", overflow="fold")
    for fault in report.results:
        values = [getattr(report.mean(fault, label), measure) for label in report.methods]
        ratio = report.ratio(fault)
        shares = [] if ratio is None else [getattr(ratio, measure)]
        screen.add_row(fault, *map("{:.4f}".format, values), *map("{:.2f}".format, shares))
    return screen


def _ratio_label(report: FaultReport) -> list[str]:
    return ["ratio"] if len(report.models) > 1 else []


def _caption(report: FaultReport) -> str | None:
    if len(report.models) < 2:
        return None
    first, second = (label.removeprefix("model ") for label in report.models[:2])
    return f"ratio: {first} / {second}"


def write_json(report: FaultReport, file: Path) -> None:
    """Write every number; what is not defined is null.

    Raises:
        InputError: the file cannot be written.
    """
    content = {
        "crop": CROP,
        "look_ahead_s": LOOK_AHEAD_S,
        "methods": report.methods,
        "clips": [dataclasses.asdict(clip) for clip in report.clips],
        "faults": [_fault(report, name) for name in report.results],
    }
    with replacing(file) as part:
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")


def _fault(report: FaultReport, name: str) -> dict[str, Any]:
    ratio = report.ratio(name)
    return {
        "name": name,
        "mean": {label: _without_nan(report.mean(name, label)) for label in report.methods},
        "first_over_second_model": None if ratio is None else _without_nan(ratio),
        "clips": {
            label: [_without_nan(each) for each in results]
            for label, results in report.results[name].items()
        },
    }


def _without_nan(result: Result) -> dict[str, float | None]:
    values = dataclasses.asdict(result)
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
