"""Models beside the baselines, on the same windows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport import baselines, inference, score, sphere, tracks, windows
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.score import Scores
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.tracks import Track
from dvs_jax.viewport.windows import FUTURE, PAST, Windows

STEPS = {"0.2 s": 0, "0.6 s": 2, "1 s": 4, "2 s": 9, "3 s": 14, "4 s": 19, "5 s": 24}
"""Which steps, counted from 0, tables show."""


class Row(NamedTuple):
    """What predicts, and how well.

    Attributes:
        name: of a baseline, or of a model; behind its name "motion alone" for the first of the two
            predictions that it fuses.
        scores: of all windows.
        gate: float64 [step], how far a model trusted the motion, in the mean; None for others.
    """

    name: str
    scores: Scores
    gate: Float[np.ndarray, "step"] | None = None


class Comparison(NamedTuple):
    """Rows about the same windows.

    Attributes:
        windows: which.
        rows: baselines first.
    """

    windows: Windows
    rows: list[Row]


def compare(
    watched: Sequence[Track],
    points: Mapping[str, Points],
    models: Mapping[str, Network],
    between: tuple[int, int] | None = None,
    stride: int = 1,
) -> Comparison:
    """Predict windows of viewers by all baselines and by models.

    Args:
        watched: by whom and what.
        points: salient points of videos by name, of as many of them as are known.
        models: by name; they all look back and ahead by 3 and by 5 seconds.
        between: as `windows.cut` takes it.
        stride: samples from one window to the next.

    Raises:
        InputError: no window is left, or the saliency has too few points.
    """
    found = windows.cut(watched, stride, PAST, FUTURE, between)
    predicted = {
        "no_motion": baselines.no_motion(found.past, FUTURE),
        "constant": baselines.constant(found.past, FUTURE),
        "damped": baselines.damped(found.past, FUTURE),
    }
    predicted |= _by_salience(found, points) | _by_others(found, watched)
    rows = [Row(name, score.score(each, found.future)) for name, each in predicted.items()]
    for name, network in models.items():
        rows += _of_model(name, network, found, points)
    return Comparison(found, rows)


def table(compared: Comparison) -> list[dict[str, Any]]:
    """Return what is written of each row, as JSON values; degrees."""
    return [_row(row, compared.windows.viewer) for row in compared.rows]


def _row(row: Row, viewer: np.ndarray) -> dict[str, Any]:
    error = row.scores.error_deg.mean(axis=0)
    ranges = {
        name: score.summarize(row.scores, viewer, steps)._asdict()
        for name, steps in score.RANGES.items()
    }
    steps = row.scores.error_deg.shape[1]
    intervals = [score.interval(row.scores.error_deg[:, k : k + 1], viewer) for k in range(steps)]
    if len(np.unique(viewer)) == 1:
        # Of one viewer nothing tells how others would differ.
        ranges = {name: each | {"interval_deg": None} for name, each in ranges.items()}
        intervals = []
    return {
        "name": row.name,
        "error_deg": error.tolist(),
        "interval_deg": intervals or None,
        "overlap": row.scores.overlap.mean(axis=0).tolist(),
        "gate": None if row.gate is None else row.gate.tolist(),
        "ranges": ranges,
    }


def _of_model(
    name: str, network: Network, found: Windows, points: Mapping[str, Points]
) -> Iterable[Row]:
    direction, motion = np.empty_like(found.future), np.empty_like(found.future)
    gate = np.empty(found.future.shape[:2])
    for video in np.unique(found.video):
        of = np.flatnonzero(found.video == video)
        one = inference.predict(network, found.past[of], found.last[of], points.get(str(video)))
        direction[of], gate[of] = one.direction, one.gate
        motion[of] = sphere.normalize(one.motion)
    yield Row(f"{name}, motion alone", score.score(motion, found.future))
    yield Row(name, score.score(direction, found.future), gate.mean(axis=0))


def _by_salience(
    found: Windows, points: Mapping[str, Points]
) -> dict[str, Float[np.ndarray, "window future 3"]]:
    """The most salient point of each instant, if that is known of all windows."""
    predicted = np.empty_like(found.future)
    steps = windows.steps(found)[:, PAST:]
    for video in np.unique(found.video):
        of = np.flatnonzero(found.video == video)
        highest = points.get(str(video), np.empty((0, 1, 4)))[:, 0, :3]
        if steps[of].max() >= len(highest) or steps[of].min() < 0:
            return {}
        predicted[of] = highest[steps[of]]
    return {"salient": predicted}


def _by_others(
    found: Windows, watched: Sequence[Track]
) -> dict[str, Float[np.ndarray, "window future 3"]]:
    """Where most other viewers of the same video look, if there are any of each video."""
    predicted = np.empty_like(found.future)
    steps = windows.steps(found)[:, PAST:]
    for video in np.unique(found.video):
        audience = [each for each in watched if each.video == video]
        if len({each.viewer for each in audience}) < 2:
            return {}
        on_clock = tracks.on_clock(audience)
        for viewer in np.unique(found.viewer[found.video == video]):
            of = np.flatnonzero((found.video == video) & (found.viewer == viewer))
            others = on_clock[[each.viewer != viewer for each in audience]]
            predicted[of] = baselines.crowd(others)[steps[of]]
    return {"crowd": predicted}
