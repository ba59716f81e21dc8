"""Models beside the baselines, on the same windows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from dvs_jax.viewport import (
    baselines,
    inference,
    personalisation,
    score,
    sphere,
    strangers,
    tracks,
    windows,
)
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.personalisation import Gain
from dvs_jax.viewport.score import Scores
from dvs_jax.viewport.starvp.network import Network, Prediction
from dvs_jax.viewport.strangers import Adapt
from dvs_jax.viewport.tracks import Track
from dvs_jax.viewport.windows import FUTURE, PAST, Windows

STEPS = {"0.2 s": 0, "0.6 s": 2, "1 s": 4, "2 s": 9, "3 s": 14, "4 s": 19, "5 s": 24}
"""Which steps, counted from 0, tables show."""

NOBODY, MEAN, ADAPTED = "nobody known", "strangers as the mean", "strangers adapted"
"""Behind the name of a model that knows viewers: all are taken for unknown ones; or those whom it
does not know for the mean of those it knows, or as they were learned."""


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
        gains: by model, what knowing viewers is worth, of those models that know any.
    """

    windows: Windows
    rows: list[Row]
    gains: dict[str, Gain]


def compare(
    watched: Sequence[Track],
    points: Mapping[str, Points],
    models: Mapping[str, Network],
    between: tuple[int, int] | None = None,
    stride: int = 1,
    adapt: Adapt | None = None,
) -> Comparison:
    """Predict windows of viewers by all baselines and by models.

    Args:
        watched: by whom and what.
        points: salient points of videos by name, of as many of them as are known.
        models: by name; they all look back and ahead by 3 and by 5 seconds.
        between: as `windows.cut` takes it.
        stride: samples from one window to the next.
        adapt: from what models that know viewers learn those whom they do not know; from seconds,
            only windows whose future begins later are predicted. None to learn nobody.

    Raises:
        InputError: no window is left, or the saliency has too few points; or a viewer is to be
            learned, and there is nothing to learn from, or no model that could.
    """
    if adapt is not None:
        strangers.require_some(models.values())
        between = between or strangers.scored(adapt)
    found = windows.cut(watched, stride, PAST, FUTURE, between)
    predicted = {
        "no_motion": baselines.no_motion(found.past, FUTURE),
        "constant": baselines.constant(found.past, FUTURE),
        "damped": baselines.damped(found.past, FUTURE),
    }
    predicted |= _by_salience(found, points) | _by_others(found, watched)
    rows = [Row(name, score.score(each, found.future)) for name, each in predicted.items()]
    gains = {}
    for name, network in models.items():
        viewer = windows.numbers(network.of.viewers, found.viewer)
        given = _predicted(network, found, points, viewer)
        motion = sphere.normalize(np.asarray(given.motion))
        rows.append(Row(f"{name}, motion alone", score.score(motion, found.future)))
        rows.append(Row(name, _scores(given, found), np.asarray(given.gate).mean(axis=0)))
        if network.of.viewers:
            ways = _by_knowledge(network, found, points, watched, adapt)
            rows += [Row(f"{name}, {how}", _scores(each, found)) for how, each in ways.items()]
            after = _scores(ways.get(ADAPTED, given), found).error_deg
            before = _scores(ways[NOBODY], found).error_deg
            gains[name] = personalisation.gain(before, after, found.viewer)
    return Comparison(found, rows, gains)


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


def _scores(predicted: Prediction, found: Windows) -> Scores:
    return score.score(np.asarray(predicted.direction), found.future)


def _predicted(
    network: Network,
    found: Windows,
    points: Mapping[str, Points],
    viewer: Int[np.ndarray, "window"],
) -> Prediction:
    order, parts = [], []
    for video in np.unique(found.video):
        order.append(np.flatnonzero(found.video == video))
        one = windows.some(found, order[-1])
        known = points.get(str(video))
        parts.append(
            inference.predict(network, one.past, one.last, known, one.cues, viewer[order[-1]])
        )
    return _in_order(order, parts)


def _in_order(order: list[np.ndarray], parts: list[Prediction]) -> Prediction:
    back = np.argsort(np.concatenate(order))
    return jax.tree.map(lambda *each: np.concatenate(each)[back], *parts)


def _by_knowledge(
    network: Network,
    found: Windows,
    points: Mapping[str, Points],
    watched: Sequence[Track],
    adapt: Adapt | None,
) -> dict[str, Prediction]:
    """What a network predicts that is told less of its viewers, or learns them."""
    viewer = windows.numbers(network.of.viewers, found.viewer)
    mean = personalisation.as_unknown(network, personalisation.mean_known(network))
    ways = {
        NOBODY: _predicted(network, found, points, np.zeros_like(viewer)),
        MEAN: _predicted(mean, found, points, viewer),
    }
    if adapt is not None:
        ways[ADAPTED] = _adapted(network, found, points, watched, adapt)
    return ways


def _adapted(
    network: Network,
    found: Windows,
    points: Mapping[str, Points],
    watched: Sequence[Track],
    adapt: Adapt,
) -> Prediction:
    viewer = windows.numbers(network.of.viewers, found.viewer)
    order, parts = [], []
    for who, video in sorted(set(zip(found.viewer.tolist(), found.video.tolist(), strict=True))):
        of = np.flatnonzero((found.viewer == who) & (found.video == video))
        one = network
        if not viewer[of[0]]:
            one = strangers.learned(network, watched, points, who, video, adapt)
        order.append(of)
        parts.append(_predicted(one, windows.some(found, of), points, viewer[of]))
    return _in_order(order, parts)


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
