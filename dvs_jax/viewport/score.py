"""How good predictions are, and between which bounds that lies for other viewers."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport import sphere, tiles

RANGES = {"below 1 s": slice(0, 4), "2 to 5 s": slice(9, 25), "all": slice(0, None)}
"""Which steps of a fifth of a second, counted from 0, a range takes in."""

WITHIN_DEG = (5, 10, 15)

_RESAMPLINGS = 1000

_AT_ONCE = 1024
"""Windows, whose tiles take memory."""


class Scores(NamedTuple):
    """Of each window and step ahead, float64 [window, step].

    Attributes:
        error_deg: angle between what was predicted and what came.
        overlap: tiles both chosen and viewed, of those either chosen or viewed.
        hit: of the tiles viewed, the share that was chosen.
        vain: of the tiles chosen, the share that was not viewed.
    """

    error_deg: Float[np.ndarray, "window step"]
    overlap: Float[np.ndarray, "window step"]
    hit: Float[np.ndarray, "window step"]
    vain: Float[np.ndarray, "window step"]


class Summary(NamedTuple):
    """Of some steps of all windows.

    Attributes:
        mean_deg: mean error.
        interval_deg: the 95 % interval of the mean error, by resampling viewers.
        median_deg: median error.
        within: the share of errors within 5°, 10° and 15°.
        overlap: mean; so are the next two.
        hit: of the tiles viewed, those chosen.
        vain: of the tiles chosen, those not viewed.
    """

    mean_deg: float
    interval_deg: tuple[float, float]
    median_deg: float
    within: tuple[float, ...]
    overlap: float
    hit: float
    vain: float


def score(
    predicted: Float[np.ndarray, "window step 3"], true: Float[np.ndarray, "window step 3"]
) -> Scores:
    """Compare predictions, unit vectors, with what came."""
    parts = [
        _score(predicted[begin : begin + _AT_ONCE], true[begin : begin + _AT_ONCE])
        for begin in range(0, len(true), _AT_ONCE)
    ]
    return Scores(*map(np.concatenate, zip(*parts, strict=True)))


def _score(
    predicted: Float[np.ndarray, "window step 3"], true: Float[np.ndarray, "window step 3"]
) -> Scores:
    predicted, true = (np.asarray(each, np.float64) for each in (predicted, true))
    chosen, viewed = tiles.in_view(predicted), tiles.in_view(true)
    both = (chosen & viewed).sum(axis=(-2, -1))
    return Scores(
        error_deg=np.degrees(sphere.distance(predicted, true)),
        overlap=tiles.overlap(viewed, chosen),
        hit=both / viewed.sum(axis=(-2, -1)),
        vain=1.0 - both / chosen.sum(axis=(-2, -1)),
    )


def summarize(scores: Scores, viewer: np.ndarray, steps: slice, seed: int = 0) -> Summary:
    """Summarise some steps.

    Args:
        scores: of all windows.
        viewer: str [window], whose each is.
        steps: which, counted from 0.
        seed: of the resampling of viewers.
    """
    error = scores.error_deg[:, steps]
    return Summary(
        mean_deg=float(error.mean()),
        interval_deg=interval(error, viewer, seed),
        median_deg=float(np.median(error)),
        within=tuple(float((error <= bound).mean()) for bound in WITHIN_DEG),
        overlap=float(scores.overlap[:, steps].mean()),
        hit=float(scores.hit[:, steps].mean()),
        vain=float(scores.vain[:, steps].mean()),
    )


def interval(
    values: Float[np.ndarray, "window step"], viewer: np.ndarray, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of the mean over windows, by resampling viewers.

    Windows of one viewer resemble one another, so resampling them would promise too much.

    Args:
        values: of each window and step.
        viewer: str [window], whose each is.
        seed: of the resampling.
    """
    _, who = np.unique(viewer, return_inverse=True)
    total = np.bincount(who, values.mean(axis=1))
    count = np.bincount(who)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(count), size=(_RESAMPLINGS, len(count)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    lowest, highest = np.percentile(means, (2.5, 97.5))
    return float(lowest), float(highest)
