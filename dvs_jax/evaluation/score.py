"""The measures of one method on one clip."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dvs_jax import metrics
from dvs_jax.evaluation.footage import Footage
from dvs_jax.evaluation.matching import Matched
from dvs_jax.evaluation.methods import Found
from dvs_jax.metrics import Metrics
from dvs_jax.smoothing import coverage


def _measured(label: str, better: str, form: str) -> Any:
    return dataclasses.field(
        default=math.nan, metadata={"label": label, "better": better, "form": form}
    )


@dataclass(frozen=True)
class Score:
    """The measures of a method's path, and of the video drawn by it; NaN where undefined.

    Attributes:
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
        correlation: average.
    """

    strength: float = _measured("Strength", "", ".3g")
    rotation_jitter_deg: float = _measured("Jitter\ndeg", "lower", ".4f")
    angular_jerk_deg_s3: float = _measured("Jerk\ndeg/s³", "lower", ".1f")
    kept_mean: float = _measured("FOV\nmean", "higher", ".1%")
    kept_worst: float = _measured("FOV\nworst", "higher", ".1%")
    uncovered: float = _measured("Un-\ncovered", "lower", ".1%")
    picture_jitter_deg: float = _measured("Picture\njitter", "lower", ".4f")
    stability: float = _measured("Sta-\nbility", "higher", ".3f")
    distortion: float = _measured("Distor-\ntion", "higher", ".3f")
    fov_ratio: float = _measured("FOV\nratio", "higher", ".3f")
    correlation: float = _measured("Corre-\nlation", "higher", ".3f")


def of_found(footage: Footage, found: Found, crop: float) -> Score:
    """Return the measures of a path, or of frames without one."""
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
