"""The fast part of a long series, with zero phase, in memory that does not grow with its length."""

import numpy as np
import scipy
from jaxtyping import Bool, Float

_STRETCH_S, _OVERLAP_S = 30.0, 3.0
"""The series is filtered in stretches of so many seconds. At both ends of each, where the filter
has no neighbours, so much is taken from the next stretch instead: there the error is below 1e-7."""

_THIRD_DIFFERENCE = np.array([-1.0, 3.0, -3.0, 1.0])


class HighPass:
    """Sums up the steps of a series as they come, and returns what is fast in the sum.

    Steps that are not known are interpolated between their neighbours in time.
    """

    def __init__(self, cutoff_hz: float, rate: float):
        """Begin with nothing.

        Args:
            cutoff_hz: where half of the amplitude remains.
            rate: steps per second, more than twice the cutoff.
        """
        self._cutoff, self._rate = cutoff_hz, rate
        self._stretch, self._overlap = round(_STRETCH_S * rate), round(_OVERLAP_S * rate)
        self._steps: list[Float[np.ndarray, "series"]] = []
        self._given = 0

    def add(self, step: Float[np.ndarray, "series"]) -> Float[np.ndarray, "time series"]:
        """Take a step of each series, NaN where unknown.

        Returns:
            The next values of the fast part, in order: usually none, at times those of a stretch.
        """
        self._steps.append(step)
        if len(self._steps) < self._stretch:
            return np.zeros((0, len(step)))
        ready = self._fast()[self._given : -self._overlap]
        self._steps = self._steps[-2 * self._overlap :]
        self._given = self._overlap
        return ready

    def finish(self) -> Float[np.ndarray, "time series"]:
        """Return the rest of the fast part: with what `add` returned one value for each step."""
        return self._fast()[self._given :]

    def _fast(self) -> Float[np.ndarray, "time series"]:
        total = np.cumsum(_without_gaps(np.array(self._steps)), axis=0)
        return total - smooth(total, self._cutoff, self._rate)


def smooth(
    series: Float[np.ndarray, "time series"], cutoff_hz: float, rate: float
) -> Float[np.ndarray, "time series"]:
    """Return the slow part of each series: Whittaker's penalised least squares.

    Minimises the squared difference to the series plus λ times the squared third differences
    (Eilers, "A perfect smoother", 2003). Its gain is 1 / (1 + (sin(πf/r) / sin(πc/r))⁶) for a
    frequency f, the cutoff c and the rate r; parabolas, up to both ends, pass unchanged.
    """
    length, order = len(series), len(_THIRD_DIFFERENCE) - 1
    if length <= order:
        return series
    penalty = (2.0 * np.sin(np.pi * cutoff_hz / rate)) ** -6.0
    bands = np.zeros((order + 1, length))
    bands[0] = 1.0
    for apart in range(order + 1):
        for first in range(order + 1 - apart):
            product = _THIRD_DIFFERENCE[first] * _THIRD_DIFFERENCE[first + apart]
            bands[apart, first : first + length - order] += penalty * product
    slow: Float[np.ndarray, "time series"] = scipy.linalg.solveh_banded(bands, series, lower=True)
    return slow


def _without_gaps(steps: Float[np.ndarray, "time series"]) -> Float[np.ndarray, "time series"]:
    """Return the steps with gaps filled linearly; zero where a series has no known step at all."""
    times, filled = np.arange(len(steps)), np.zeros_like(steps)
    for index, series in enumerate(steps.T):
        known: Bool[np.ndarray, "time"] = np.isfinite(series)
        if known.any():
            filled[:, index] = np.interp(times, times[known], series[known])
    return filled
