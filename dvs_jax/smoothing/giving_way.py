"""A smooth upper envelope of a signal, in one pass with a bounded look-ahead.

The signal is the demand: how far each frame must be pulled to the real path. The envelope is
its maximum over a window ahead, decaying exponentially, then averaged over a window of the same
width behind: every value in that average includes the frame's demand, so the mean is not below it.
"""

import numpy as np
from jaxtyping import Float

from dvs_jax.smoothing.window import CLOCK_TOLERANCE_S, Seconds, neighbours

GIVING_WAY_S = 1.0
"""Seconds over which a limited path is pulled, if the look-ahead allows it."""

RETURN_S = 0.5
"""Time constant in seconds with which a limited path returns to the smoothed one."""

Values = Float[np.ndarray, "frame"]


class GivingWay:
    """Computes values that change slowly and are never below the frames' demands.

    Frames come in batches of any size, which does not affect the values.
    """

    def __init__(self, look_ahead_s: float, return_s: float = RETURN_S):
        """Begin before the first frame.

        Args:
            look_ahead_s: no frame later than this after one is used for it; more than
                `GIVING_WAY_S` has no effect.
            return_s: time constant with which the values fall again, in seconds.
        """
        self._window_s = max(min(GIVING_WAY_S, look_ahead_s), CLOCK_TOLERANCE_S)
        self._return_s = return_s
        # Frames whose value is final, as far back as later ones need them, then the others.
        self._time_s = self._demand = self._held = np.zeros(0)

    def push(self, time_s: Seconds, demand: Values) -> Values:
        """Take the next frames; return the values that are now final, in order.

        Args:
            time_s: their times, later than all before.
            demand: each frame's demand, 0 or more.
        """
        self._time_s = np.concatenate([self._time_s, time_s])
        self._demand = np.concatenate([self._demand, demand])
        if len(self._time_s) == 0:
            return np.zeros(0)
        known_until = self._time_s[-1] - self._window_s - CLOCK_TOLERANCE_S
        return self._emit(int(np.searchsorted(self._time_s, known_until)))

    def finish(self) -> Values:
        """Return the remaining values."""
        return self._emit(len(self._time_s))

    def _emit(self, known: int) -> Values:
        """Return the values of frames up to `known` that have not been returned yet."""
        start = len(self._held)
        if known <= start:
            return np.zeros(0)
        foreseen = self._foreseen()[start:known]
        # The held value replaces the maxima of all earlier frames.
        self._held = self._released(np.concatenate([self._held, foreseen]))
        values = self._averaged()[start:]
        self._forget(known)
        return values

    def _foreseen(self) -> Values:
        foreseen, time_s = self._demand, self._time_s
        for neighbour, inside in neighbours(time_s, time_s, time_s + self._window_s):
            largest = np.where(inside, self._demand[neighbour], 0.0).max(axis=0)
            foreseen = np.maximum(foreseen, largest)
        return foreseen

    def _released(self, value: Values) -> Values:
        """Return the largest of all values up to each frame, each decaying from its own time."""
        age = (self._time_s[: len(value)] - self._time_s[0]) / self._return_s
        with np.errstate(divide="ignore"):
            rising = np.log(value) + age
        return np.exp(np.maximum.accumulate(rising) - age)

    def _averaged(self) -> Values:
        time_s = self._time_s[: len(self._held)]
        total, weight = np.zeros(len(time_s)), np.zeros(len(time_s))
        for neighbour, inside in neighbours(time_s, time_s - self._window_s, time_s):
            age = np.clip((time_s - time_s[neighbour]) / self._window_s, 0.0, 1.0)
            # Never quite zero: a window may contain only its own frame.
            share = np.where(inside, np.sin(np.pi * age) ** 2 + 1e-9, 0.0)
            total += (share * self._held[neighbour]).sum(axis=0)
            weight += share.sum(axis=0)
        return total / weight

    def _forget(self, known: int) -> None:
        """Drop the frames that are too old for any later window."""
        oldest = self._time_s[known - 1] - self._window_s - CLOCK_TOLERANCE_S
        first = min(int(np.searchsorted(self._time_s, oldest)), known - 1)
        self._time_s, self._demand = self._time_s[first:], self._demand[first:]
        self._held = self._held[first:]
