"""When frames are shown: their times, and the rate these keep."""

import itertools
from fractions import Fraction

import numpy as np
from jaxtyping import Int64

NANOSECONDS = 1_000_000_000


def presentation_times(
    ticks: list[int | None], time_base: Fraction, declared: list[Fraction]
) -> Int64[np.ndarray, "frame"]:
    """Order the times at which frames are shown.

    Args:
      ticks: of every frame, in the order of the file, in units of `time_base`; None where the
        file does not say.
      time_base: seconds.
      declared: rates that the file claims, in frames per second, the mean one last.

    Returns:
      Int64 nanoseconds [frame], ascending by at least a tick.
    """
    known = sorted(tick for tick in ticks if tick is not None)
    if len(known) == len(ticks):
        # Damaged files show two frames at once; a tick apart, they can be told apart.
        distinct = itertools.accumulate(known, lambda before, tick: max(before + 1, tick))
        seconds = [tick * time_base for tick in distinct]
    else:
        # Bare streams without a container carry no times, only the mean rate.
        rate = declared[-1] if declared else Fraction(30)
        seconds = [Fraction(i) / rate for i in range(len(ticks))]
    return np.array([round(second * NANOSECONDS) for second in seconds], np.int64)


def frame_rate_of(
    time_ns: Int64[np.ndarray, "frame"], time_base: Fraction, declared: list[Fraction]
) -> Fraction:
    """Find the rate in frames per second: a declared one that the times keep, or their mean.

    Args:
      time_ns: int64 nanoseconds [frame], ascending.
      time_base: seconds; the times are stored as multiples of it.
      declared: rates that the file claims.
    """
    for rate in declared:
        if is_evenly_spaced(time_ns, rate, time_base):
            return rate
    duration = int(time_ns[-1] - time_ns[0])
    if duration == 0:
        return Fraction(30)
    return Fraction((len(time_ns) - 1) * NANOSECONDS, duration).limit_denominator(100_000)


def is_evenly_spaced(
    time_ns: Int64[np.ndarray, "frame"], rate: Fraction, time_base: Fraction
) -> bool:
    """Whether each frame has a place on the rate's grid, within a tick, and most are neighbours."""
    if len(time_ns) < 2:
        return True
    place = (time_ns - time_ns[0]) * float(rate / NANOSECONDS)
    off = np.abs(place - np.rint(place))
    tick = float((time_base + Fraction(1, NANOSECONDS)) * rate)
    steps = np.diff(np.rint(place))
    return bool(np.all(off <= tick) and np.all(steps >= 1) and np.median(steps) == 1)
