"""End-point error of the flow estimators on a rendered walk with exact flow."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from dvs_jax.benchmarks.flow import estimators_with
from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.flow import FlowPair
from dvs_jax.flow.end_point_error import EndPointErrorReport, compare
from dvs_jax.synthetic import SyntheticClip, flow_between, record, render_frame

_COLUMNS = (
    Column("estimator"),
    Column("median px", ".3f"),
    Column("mean px", ".3f"),
    Column("over 1 px", ".2%"),
    Column("over 3 px", ".2%"),
)


def measure(weights: Path | None = None) -> Report:
    """Compare estimators with the exact flow of `hard_walk`, at points visible in both frames.

    Args:
        weights: of RAFT, which is left out without them.

    Raises:
        InputError: the weights cannot be read.
    """
    return report_of(compare(estimators_with(weights), **hard_walk()))


def report_of(errors: dict[str, EndPointErrorReport]) -> Report:
    """Return the report of the errors, by the estimator's name."""
    title = "end-point error at 270 × 480: a walk, up to 33 px of motion, seen pixels"
    rows = tuple(
        (name, each.median, each.mean, each.over_1_px, each.over_3_px)
        for name, each in errors.items()
    )
    return Report("flow-accuracy", (Table(title, _COLUMNS, rows, drawn=("median px", "mean px")),))


def hard_walk() -> dict[str, Any]:
    """Return frames of a walk at 1080p, a tenth of a second apart, and their exact flow.

    The flow is up to 33 px at the working size of 270 × 480, with a rolling shutter, and a tenth of
    the picture is occluded. The keys are the arguments `frames`, `truths` and `valid` of
    `end_point_error.compare`.
    """
    recording = record(SyntheticClip(motion="walking", size=(1920, 1080), duration_s=1.0, seed=3))
    numbers = (10, 13, 16)
    truths, valid = [], []
    for earlier, later in pairwise(numbers):
        ways = [flow_between(recording, *way) for way in ((earlier, later), (later, earlier))]
        truths.append(FlowPair(*(flow for flow, _ in ways)))
        valid.append(tuple(seen for _, seen in ways))
    frames = [render_frame(recording, number) for number in numbers]
    return {"frames": frames, "truths": truths, "valid": valid}
