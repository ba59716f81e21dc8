"""The measures of one method on one clip."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dvs_jax import metrics
from dvs_jax.evaluation.film import Film
from dvs_jax.evaluation.footage import Footage
from dvs_jax.evaluation.matching import Matched
from dvs_jax.evaluation.methods import Found
from dvs_jax.metrics import Metrics
from dvs_jax.smoothing import coverage

Part = Literal["shake", "wish", "path", "picture"]
"""What the measure tells about: one table each."""

_OF_PICTURES = (
    "residual_shift_px",
    "residual_roll_deg",
    "residual_rotation_deg",
    "wobble_px",
    "sharpness",
    "picture_rotation_rate_deg_s",
    "area_kept",
    "flow_difference_px",
    "output_pixels",
)
"""Measures that `Metrics` has by the same names."""


def _measured(part: Part, label: str, better: str, form: str) -> Any:
    return dataclasses.field(
        default=math.nan, metadata={"part": part, "label": label, "better": better, "form": form}
    )


@dataclass(frozen=True)
class Score:
    """The measures of a method's path, and of the video drawn by it; NaN where undefined.

    Attributes:
        residual_shift_px: of the pictures, whatever made them (see `metrics.Metrics`).
        residual_roll_deg: likewise.
        residual_rotation_deg: likewise.
        wobble_px: likewise.
        sharpness: likewise.
        picture_rotation_rate_deg_s: likewise.
        rotation_rate_deg_s: mean angle between the virtual path's poses in consecutive frames, over
            the time between them (see `metrics.rotation_rate`); where the true path is known, of
            the true motion in the output.
        area_kept: as the first ones.
        flow_difference_px: likewise.
        strength: the method's: seconds for a smoother (see each), a multiple of the trained one
            for a model.
        rotation_jitter_deg: jitter of the virtual path (see `metrics.rotation_jitter`); where the
            true path is known, of the true motion in the output (see `Footage.seen`), so that it
            includes the sensors' errors.
        angular_jerk_deg_s3: likewise (see `metrics.angular_jerk`).
        kept_mean: fraction of the output's width and height that a frame covers (see
            `smoothing.kept_fraction`), mean over the frames.
        kept_worst: the smallest of these.
        uncovered: fraction of the frames with an uncovered pixel within the crop.
        picture_jitter_deg: rotation jitter measured in the output's pictures
            (`metrics.image_path`).
        stability: mean of the two official stabilities (see `metrics.Metrics`, as for the rest).
        distortion: minimum.
        fov_ratio: average.
        output_pixels: as the first ones.
        correlation: average.
    """

    residual_shift_px: float = _measured("shake", "Shift\npx", "lower", ".3f")
    residual_roll_deg: float = _measured("shake", "Roll\ndeg", "lower", ".4f")
    residual_rotation_deg: float = _measured("shake", "Rotation\ndeg", "lower", ".4f")
    wobble_px: float = _measured("shake", "Wobble\npx", "lower", ".3f")
    sharpness: float = _measured("shake", "Sharp-\nness", "higher", ".0f")
    picture_rotation_rate_deg_s: float = _measured(
        "wish", "Rotation rate,\nof the picture\n°/s, < 5", "lower", ".2f"
    )
    rotation_rate_deg_s: float = _measured(
        "wish", "Rotation rate,\nof the path\n°/s, < 5", "lower", ".2f"
    )
    area_kept: float = _measured("wish", "Area valid\n/ total\n> 85%", "higher", ".1%")
    flow_difference_px: float = _measured("wish", "Mean flow\ndifference\npx, < 10", "lower", ".2f")
    strength: float = _measured("path", "Strength", "", ".3g")
    rotation_jitter_deg: float = _measured("path", "Jitter\ndeg", "lower", ".4f")
    angular_jerk_deg_s3: float = _measured("path", "Jerk\ndeg/s³", "lower", ".1f")
    kept_mean: float = _measured("path", "FOV\nmean", "higher", ".1%")
    kept_worst: float = _measured("path", "FOV\nworst", "higher", ".1%")
    uncovered: float = _measured("path", "Un-\ncovered", "lower", ".1%")
    picture_jitter_deg: float = _measured("picture", "Picture\njitter", "lower", ".4f")
    stability: float = _measured("picture", "Sta-\nbility", "higher", ".3f")
    distortion: float = _measured("picture", "Distor-\ntion", "higher", ".3f")
    fov_ratio: float = _measured("picture", "FOV\nratio", "higher", ".3f")
    output_pixels: float = _measured("picture", "Output\npixels", "higher", ".0f")
    correlation: float = _measured("picture", "Corre-\nlation", "higher", ".3f")


def of_found(footage: Footage, found: Found, crop: float) -> Score:
    """Return the measures of a path, or of frames without one; of a film none are known."""
    if isinstance(found, Film):
        return Score()
    kept = found.kept(footage)
    covering = Score(
        strength=found.strength,
        kept_mean=float(kept.mean()),
        kept_worst=float(kept.min()),
        uncovered=float(1.0 - coverage.covers(kept, crop).mean()),
    )
    if found.path is None:
        return covering
    seen = footage.seen(found.path)
    return dataclasses.replace(
        covering,
        rotation_rate_deg_s=metrics.rotation_rate(seen),
        rotation_jitter_deg=metrics.rotation_jitter(seen),
        angular_jerk_deg_s3=metrics.angular_jerk(seen),
    )


def of_input(footage: Footage) -> Score:
    """Return the measures of the camera's own path, with unstabilised frames."""
    whole = {"kept_mean": 1.0, "kept_worst": 1.0, "uncovered": 0.0}
    if footage.motion is None:
        return Score(**whole)
    measured = of_found(footage, Matched(footage.real, math.nan), 0.0)
    return dataclasses.replace(measured, **whole)


def with_pictures(score: Score, measured: Metrics) -> Score:
    """Return the score with the metrics of a video, including the jitter of its pictures."""
    return dataclasses.replace(
        score,
        **{name: getattr(measured, name) for name in _OF_PICTURES},
        picture_jitter_deg=measured.rotation_jitter_deg,
        stability=measured.stability_mean,
        distortion=measured.distortion_min,
        fov_ratio=measured.fov_ratio_average,
        correlation=measured.correlation_average,
    )


def mean(scores: Sequence[Score]) -> Score:
    """Return the mean of each measure over the clips where it is defined."""
    columns = zip(*map(dataclasses.astuple, scores or [Score()]), strict=True)
    return Score(*(_mean(np.array(column)) for column in columns))


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan
