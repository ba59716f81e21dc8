"""The shake that a video's pictures show, whatever made them; no sensor is asked.

What moves faster than 2 Hz is shake; slower motion is taken for intended. Corners tracked from each
picture to the next tell a similarity, and what the parts of the picture move beside it. Their sums
over time are high-passed with zero phase (`high_pass`), so that A·sin(2π·5 Hz·t) gives A/√2 and a
pan gives zero.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.metrics.high_pass import HighPass
from dvs_jax.metrics.rotation import JITTER_ABOVE_HZ, SHORTEST_S
from dvs_jax.metrics.step import CELLS, WATCHED_WIDTH, Step

_KNOWN_SHARE = 0.3
"""Share of the steps in which a cell's motion has to be known for its wobble to count."""


class Shake(NamedTuple):
    """What `ShakeMeasurement` finds; see `Metrics` for each."""

    residual_shift_px: float
    residual_roll_deg: float
    residual_rotation_deg: float
    wobble_px: float
    sharpness: float
    picture_rotation_rate_deg_s: float


class ShakeMeasurement:
    """Takes a video step by step; memory does not grow with its length."""

    def __init__(self, rate: float, focal_length: float):
        """Begin before the first picture.

        Args:
            rate: frames per second; NaN if unknown.
            focal_length: of the camera that sees what the pictures show, as a fraction of their
                width.
        """
        self._rate, self._focal_px = rate, focal_length * WATCHED_WIDTH
        self._frames = 0
        self._motion = self._left = None
        if rate > 2.0 * JITTER_ABOVE_HZ:
            self._motion = HighPass(JITTER_ABOVE_HZ, rate)
            self._left = HighPass(JITTER_ABOVE_HZ, rate)
        self._known: list[Float[np.ndarray, "cell"]] = []
        self._turned = _Mean(1)
        self._shake = _Mean(3)
        self._wobble = _Mean(CELLS[0] * CELLS[1])
        self._sharpness = 0.0

    def add(self, step: Step) -> None:
        """Take the next picture."""
        self._frames += 1
        self._sharpness += step.sharpness
        self._turned.add(self._rotation_deg(step.motion[None])[:, None])
        if self._motion is None or self._left is None:
            return
        self._known.append(np.isfinite(step.left[..., 0]).ravel())
        self._add_fast(self._motion.add(step.motion), self._left.add(step.left.ravel()))

    def summary(self) -> Shake:
        """Return the measures of all pictures so far; the last call."""
        if self._motion is None or self._left is None or not self._tells_shake():
            shift = roll = rotation = wobble = math.nan
        else:
            self._add_fast(self._motion.finish(), self._left.finish())
            shift, roll, rotation = np.sqrt(self._shake.mean()).tolist()
            wobble = self._wobble_px()
        return Shake(
            residual_shift_px=shift,
            residual_roll_deg=roll,
            residual_rotation_deg=rotation,
            wobble_px=wobble,
            sharpness=self._sharpness / self._frames,
            picture_rotation_rate_deg_s=float(self._turned.mean()[0] * self._rate),
        )

    def _tells_shake(self) -> bool:
        return self._frames >= SHORTEST_S * self._rate and bool(self._turned.count[0])

    def _add_fast(
        self, motion: Float[np.ndarray, "time 3"], left: Float[np.ndarray, "time series"]
    ) -> None:
        squared = (
            (motion[:, :2] ** 2).sum(axis=1),
            motion[:, 2] ** 2,
            self._rotation_deg(motion) ** 2,
        )
        self._shake.add(np.stack(squared, axis=-1))
        known = np.array(self._known[: len(left)]).reshape(len(left), CELLS[0] * CELLS[1])
        del self._known[: len(left)]
        wobble = (left.reshape(*known.shape, 2) ** 2).sum(axis=-1)
        self._wobble.add(np.where(known, wobble, np.nan))

    def _rotation_deg(self, motion: Float[np.ndarray, "time 3"]) -> Float[np.ndarray, "time"]:
        """Return the angle by which a camera turns that moves its picture so."""
        shift = np.hypot(motion[:, 0], motion[:, 1])
        return np.hypot(np.degrees(np.arctan(shift / self._focal_px)), motion[:, 2])

    def _wobble_px(self) -> float:
        often = self._wobble.count > _KNOWN_SHARE * (self._frames - 1)
        if not often.any():
            return math.nan
        return math.sqrt(self._wobble.total[often].sum() / self._wobble.count[often].sum())


class _Mean:
    """The mean over time of several series, without what is NaN."""

    def __init__(self, series: int):
        self.total = np.zeros(series)
        self.count = np.zeros(series, int)

    def add(self, values: Float[np.ndarray, "time series"]) -> None:
        self.total += np.nansum(values, axis=0)
        self.count += np.isfinite(values).sum(axis=0)

    def mean(self) -> Float[np.ndarray, "series"]:
        unknown = np.full(len(self.total), np.nan)
        return np.divide(self.total, self.count, out=unknown, where=self.count > 0)
