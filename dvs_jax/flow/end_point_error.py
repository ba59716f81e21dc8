"""End-point error: the distance of estimated flow from ground truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.errors import InputError
from dvs_jax.flow.estimation import Estimator, Frame, estimate
from dvs_jax.flow.pair import FlowPair

Flow = Float[np.ndarray, "height width 2"]
Errors = Float[np.ndarray, " pixel"]


@dataclass(frozen=True)
class EndPointErrorReport:
    """Statistics of the end-point error, in pixels.

    Attributes:
      mean: over all pixels that have ground truth.
      median: likewise.
      over_1_px: fraction of the pixels with an error above 1 px.
      over_3_px: fraction of the pixels with an error above 3 px.
      pixels: how many have ground truth.
    """

    mean: float
    median: float
    over_1_px: float
    over_3_px: float
    pixels: int


def end_point_errors(
    flow: Flow, truth: Flow, valid: Bool[np.ndarray, "height width"] | None = None
) -> Errors:
    """The end-point error at each pixel whose ground truth is known, in pixels.

    Args:
      flow: estimated, (dx, dy) in pixels.
      truth: ground truth of the same size; NaN where unknown.
      valid: which pixels count, for instance those not occluded; all by default.

    Raises:
      InputError: sizes differ.
    """
    if flow.shape != truth.shape:
        raise InputError(
            f"flow of {flow.shape[1]} × {flow.shape[0]} px cannot be held against a truth of "
            f"{truth.shape[1]} × {truth.shape[0]} px"
        )
    known = np.isfinite(truth).all(axis=-1)
    return np.linalg.norm((flow - truth)[known if valid is None else known & valid], axis=-1)


def summarize(errors: Iterable[Errors]) -> EndPointErrorReport:
    """The report of the errors of one or more flows.

    Raises:
      InputError: not one pixel has ground truth.
    """
    values = np.concatenate([np.empty(0, np.float32), *errors])
    if values.size == 0:
        raise InputError("the truth of not one pixel is known; there is nothing to compare with")
    return EndPointErrorReport(
        mean=float(values.mean()),
        median=float(np.median(values)),
        over_1_px=float((values > 1).mean()),
        over_3_px=float((values > 3).mean()),
        pixels=values.size,
    )


def compare(
    estimators: Iterable[Estimator],
    frames: Sequence[Frame],
    truths: Sequence[FlowPair],
    valid: Sequence[tuple[Bool[np.ndarray, "height width"], Bool[np.ndarray, "height width"]]],
) -> dict[str, EndPointErrorReport]:
    """The error of each estimator on one clip, forward and backward together.

    Args:
      estimators: with distinct names.
      frames: uint8 RGB [height, width, 3], one more than there are truths.
      truths: exact flow of consecutive pairs, of the size at which to estimate, in its pixels.
      valid: for each pair, which pixels of the forward and of the backward flow count.

    Returns:
      A report for each estimator's name.
    """
    size = truths[0].forward.shape[:2]
    return {
        estimator.name: summarize(
            end_point_errors(flow, truth, mask)
            for pair, true_pair, masks in zip(
                estimate(frames, estimator, size=size), truths, valid, strict=True
            )
            for flow, truth, mask in zip(pair, true_pair, masks, strict=True)
        )
        for estimator in estimators
    }
