"""How differently the content of two videos moves."""

import math

import cv2
import numpy as np

from dvs_jax.metrics.features import View
from dvs_jax.metrics.step import FLOW_WIDTH


class FlowDifference:
    """The mean distance between the optical flow of the input and of the output, place by place."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._total, self._pairs = 0.0, 0

    def add(self, source: View, target: View) -> None:
        """Take the next frame of the input and of the output."""
        before, after = source.step.flow, target.step.flow
        if before is None or after is None:
            return
        # A crop in whole pixels may change the aspect by a row.
        before = cv2.resize(before, after.shape[1::-1])
        distance_px = float(np.linalg.norm(after - before, axis=-1).mean())
        self._total += distance_px * target.picture.watched_size[0] / FLOW_WIDTH
        self._pairs += 1

    def mean(self) -> float:
        """Return the mean over pixels and frames, in px of the output's width; NaN without any."""
        return self._total / self._pairs if self._pairs else math.nan
