"""The report of the comparison: tables of means over the clips, and every result in the file."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from dvs_jax.benchmarks.faults.comparison import CROP, Comparison, compare
from dvs_jax.benchmarks.faults.faults import clips
from dvs_jax.benchmarks.report import Column, Report, Table, Value
from dvs_jax.evaluation import shipped
from dvs_jax.evaluation.comparison import LOOK_AHEAD_S
from dvs_jax.fused.weights import load_model
from dvs_jax.progress import Track, silently

_TITLES = {
    "picture_jitter_deg": "what still moves in the output's pictures",
    "exact_jitter_deg": "what still moves by the true path",
}


def measure(models: Iterable[str] | None, count: int, track: Track = silently) -> Report:
    """Compare networks on rendered clips with erroneous logs.

    Args:
        models: names, folders or files of networks; None takes those that are shipped.
        count: how many clips.
        track: reports every clip with every fault.

    Raises:
        InputError: a network cannot be read.
    """
    networks = {name: load_model(name) for name in models or shipped()}
    return report_of(compare(clips(count), networks, track=track))


def report_of(found: Comparison) -> Report:
    """Return the report: a table of jitter measured in the pictures, and one by the true path."""
    tables = tuple(_table(found, measure, title) for measure, title in _TITLES.items())
    return Report("faults", tables, details=_details(found))


def _table(found: Comparison, measure: str, title: str) -> Table:
    clips = "1 clip" if len(found.clips) == 1 else f"mean of {len(found.clips)} clips"
    methods = tuple(map(_shown, found.methods))
    columns = [Column("Fault"), *(Column(method, ".4f") for method in methods)]
    caption = ""
    if len(found.models) > 1:
        columns.append(Column("ratio", ".2f"))
        caption = "ratio: {} / {}".format(*map(_shown, found.models[:2]))
    return Table(
        f"{title}: deg RMS above 2 Hz\n{clips}, crop {CROP:g}",
        tuple(columns),
        tuple(_row(found, fault, measure) for fault in found.results),
        drawn=methods,
        caption=caption,
    )


def _shown(label: str) -> str:
    return label.removeprefix("model ")


def _row(found: Comparison, fault: str, measure: str) -> tuple[Value, ...]:
    means = [getattr(found.mean(fault, label), measure) for label in found.methods]
    ratio = found.ratio(fault)
    return (fault, *means, *([] if ratio is None else [getattr(ratio, measure)]))


def _details(found: Comparison) -> dict[str, Any]:
    return {
        "crop": CROP,
        "look_ahead_s": LOOK_AHEAD_S,
        "clips": [dataclasses.asdict(clip) for clip in found.clips],
        "results": {
            fault: {label: [*map(dataclasses.asdict, every)] for label, every in of_fault.items()}
            for fault, of_fault in found.results.items()
        },
    }
