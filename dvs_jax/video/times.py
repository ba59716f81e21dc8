"""Presentation times of frames, and the frame rate."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from dvs_jax.errors import InputError

NANOSECONDS = 1_000_000_000

LONGEST_GAP_S = 3600
"""Limit of the time between two frames; containers cannot store much longer durations."""

LATEST_S = 4_000_000_000
"""Limit of a presentation time. Live streams may count from 1970; int64 nanoseconds reach twice as
far."""


def presentation_times(
    path: Path,
    ticks: list[int | None],
    time_base: Fraction,
    declared: list[Fraction],
    start: Fraction = Fraction(0),
) -> Int64[np.ndarray, "frame"]:
    """Return the frames' presentation times in ascending order.

    Args:
      path: the video, for messages.
      ticks: of every frame, in the order of the file, in units of `time_base`; None where the
        file has none.
      time_base: seconds.
      declared: rates that the file declares, in frames per second, the mean one last.
      start: seconds by the file's clock, from which times are counted.

    Returns:
      Int64 nanoseconds [frame], ascending by at least a tick.

    Raises:
      InputError: as `require_possible`.
    """
    known = sorted(tick for tick in ticks if tick is not None)
    if len(known) == len(ticks):
        # Damaged files have frames with equal times; these are moved a tick apart.
        distinct = itertools.accumulate(known, lambda before, tick: max(before + 1, tick))
        seconds = [tick * time_base - start for tick in distinct]
    else:
        # Raw streams without a container have no times, only the mean rate.
        rate = declared[-1] if declared else Fraction(30)
        seconds = [Fraction(i) / rate for i in range(len(ticks))]
    require_possible(path, seconds)
    return np.array([round(second * NANOSECONDS) for second in seconds], np.int64)


def require_possible(path: Path, seconds: Sequence[Fraction | float]) -> None:
    """Raise unless these can be the presentation times of one recording.

    Args:
      path: the file that holds the times, for the message.
      seconds: ascending.

    Raises:
      InputError: they begin before zero, end in a far future, or leave more than an hour between
        two frames.
    """
    if seconds[0] < 0 or seconds[-1] > LATEST_S:
        raise InputError(
            f"{path}: impossible times: its frames are shown from {_short(seconds[0])} s to "
            f"{_short(seconds[-1])} s; its clock is damaged or in another unit"
        )
    gap, after = max(((b - a, a) for a, b in itertools.pairwise(seconds)), default=(0, 0))
    if gap > LONGEST_GAP_S:
        raise InputError(
            f"{path}: impossible times: no frame for {_short(gap)} s after {_short(after)} s; its "
            "clock is damaged or in another unit, or it has to be cut there"
        )


def _short(seconds: Fraction | float) -> str:
    return f"{float(seconds):.10g}"


def frame_rate_of(
    time_ns: Int64[np.ndarray, "frame"], time_base: Fraction, declared: list[Fraction]
) -> Fraction:
    """Return the rate in frames per second: a declared one that the times fit, or their mean.

    Args:
      time_ns: int64 nanoseconds [frame], ascending.
      time_base: seconds; the times are stored as multiples of it.
      declared: rates that the file declares.
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
    """Whether the times fit multiples of the frame period, within a tick, most of them adjacent."""
    if len(time_ns) < 2:
        return True
    place = (time_ns - time_ns[0]) * float(rate / NANOSECONDS)
    off = np.abs(place - np.rint(place))
    tick = float((time_base + Fraction(1, NANOSECONDS)) * rate)
    steps = np.diff(np.rint(place))
    return bool(np.all(off <= tick) and np.all(steps >= 1) and np.median(steps) == 1)
