"""All methods on all clips with all faults."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dvs_jax import flow, metrics
from dvs_jax.benchmarks.faults.faults import FAULTS
from dvs_jax.benchmarks.faults.film import Film, Take, draw, take
from dvs_jax.benchmarks.faults.residual_motion import picture_path
from dvs_jax.camera_path import CameraPath
from dvs_jax.evaluation import rendering
from dvs_jax.evaluation.comparison import LOOK_AHEAD_S
from dvs_jax.evaluation.methods import INPUT, Row, tuned_model, tuned_smoother
from dvs_jax.flow import Estimator
from dvs_jax.flow.opencv import QUICK_DIS
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.progress import Track, silently
from dvs_jax.synthetic import SyntheticClip

CROP = 0.1
SMOOTHER = "gaussian"
"""The classical smoother that is compared, its strength tuned to the crop like a network's."""


@dataclass(frozen=True)
class Result:
    """One method on one clip with one fault: the residual rotation above 2 Hz in the output.

    Attributes:
        picture_jitter_deg: RMS in degrees, measured in the pictures.
        exact_jitter_deg: likewise, computed from the true path, without parallax.
    """

    picture_jitter_deg: float
    exact_jitter_deg: float


@dataclass(frozen=True)
class Comparison:
    """The results of the comparison.

    Attributes:
        clips: the clips, with perfect logs.
        models: the labels of the networks, in the order given.
        results: by fault and by the method's label, the result on every clip.
    """

    clips: tuple[SyntheticClip, ...]
    models: tuple[str, ...]
    results: dict[str, dict[str, tuple[Result, ...]]]

    @property
    def methods(self) -> tuple[str, ...]:
        """The labels of all methods, the input's first."""
        return (INPUT, SMOOTHER, *self.models)

    def mean(self, fault: str, method: str) -> Result:
        """Return the mean over the clips."""
        results = self.results[fault][method]
        pictures = np.mean([each.picture_jitter_deg for each in results])
        exact = np.mean([each.exact_jitter_deg for each in results])
        return Result(float(pictures), float(exact))

    def ratio(self, fault: str) -> Result | None:
        """Return the first network's residual over the second's; None without two networks."""
        if len(self.models) < 2:
            return None
        first, second = (self.mean(fault, model) for model in self.models[:2])
        return Result(
            _over(first.picture_jitter_deg, second.picture_jitter_deg),
            _over(first.exact_jitter_deg, second.exact_jitter_deg),
        )


def _over(first: float, second: float) -> float:
    return first / second if second > 0.0 else math.nan


def compare(
    clips: Sequence[SyntheticClip],
    models: Mapping[str, FusedNetwork],
    faults: Mapping[str, Mapping[str, Any]] = FAULTS,
    flow_estimator: str | Estimator = QUICK_DIS,
    track: Track = silently,
) -> Comparison:
    """Compare the input, a smoother and networks at equal crop on clips with erroneous logs.

    Args:
        clips: with perfect logs, one or more, each of a second or longer.
        models: networks in inference mode, by name.
        faults: `faults.FAULTS`, or others in its form.
        flow_estimator: computes flow for networks that read it.
        track: reports every clip with every fault.
    """
    maker = flow.create(flow_estimator) if isinstance(flow_estimator, str) else flow_estimator
    rows = _methods(models)
    results: dict[str, dict[str, list[Result]]] = {
        fault: {label: [] for label in (INPUT, *(row.label for row in rows))} for fault in faults
    }
    takes = _takes(clips, faults, maker)
    for each in track(takes, len(clips) * len(faults), "faults"):
        found = results[each.footage.name]
        found[INPUT].append(_of_input(each))
        for row in rows:
            path = row.find(each.footage, CROP).path
            assert path is not None
            found[row.label].append(_of_path(each, path))
    models_of = tuple(row.label for row in rows if row.kind == "model")
    whole = {
        fault: {label: tuple(every) for label, every in found.items()}
        for fault, found in results.items()
    }
    return Comparison(tuple(clips), models_of, whole)


def _methods(models: Mapping[str, FusedNetwork]) -> list[Row]:
    smoother = tuned_smoother(SMOOTHER, "smoother", LOOK_AHEAD_S)
    return [smoother, *(tuned_model(name, network) for name, network in models.items())]


def _takes(
    clips: Sequence[SyntheticClip], faults: Mapping[str, Mapping[str, Any]], maker: Estimator
) -> Iterator[Take]:
    """Yield each clip with each fault, named after it.

    Faults of the logs change no frame; a lens that moves does.
    """
    for clip in clips:
        films: dict[bool, Film] = {}
        for name, changes in faults.items():
            spoiled = replace(clip, **changes)
            if spoiled.ois not in films:
                films[spoiled.ois] = Film(replace(clip, ois=spoiled.ois), maker)
            yield take(films[spoiled.ois], name, spoiled)


def _of_input(each: Take) -> Result:
    return Result(each.film.picture_jitter_deg, metrics.rotation_jitter(each.shown))


def _of_path(each: Take, virtual: CameraPath) -> Result:
    # Samples beyond the outermost pixels' centres are mixed with the border.
    kept = 1.0 - 2.0 * CROP - 2.0 / min(each.film.clip.size)
    lens = rendering.cropped(each.log.camera, kept)
    seen = picture_path(draw(each, virtual, kept), virtual.time_ns, lens)
    left = each.footage.seen(virtual)
    return Result(metrics.rotation_jitter(seen), metrics.rotation_jitter(left))
