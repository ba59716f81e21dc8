"""Samples on the video's clock: which count, and which may be interpolated from."""

import logging
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces.trace import LONGEST_GAP_S, SHORTEST_S

FASTEST_DEG_S = 1000.0
"""Heads do not turn faster: trackers jump."""

_LONGEST_STUCK_S = 1.0

_SAMPLE_S = 0.2
"""The first sample of a window needs no time before it."""

_MOST_INVALID = 0.2

_SAME = 1e-6
"""Share of the way between samples that counts as none: times are written with few digits."""

_log = logging.getLogger("dvs_jax")


class Kept(NamedTuple):
    """Which rows of a recording make its trace.

    Attributes:
        row: int [N], in the order of the video's clock, which rises from each to the next.
        valid: bool [N], as in `HeadTrace`.
    """

    row: Int[np.ndarray, "sample"]
    valid: Bool[np.ndarray, "sample"]


def keep(
    file: Path, time_s: Float[np.ndarray, "row"], direction: Float[np.ndarray, "row 3"]
) -> Kept:
    """Choose the rows of a recording that count, and say which are invalid.

    Of what was played again the last counts. While the clock stands still for over a second, what
    the viewer does belongs to no time of the video; and heads do not turn by over 1000°/s.

    Args:
        file: the recording's, for messages.
        time_s: the video's clock, in the order of the recording.
        direction: unit vectors.

    Raises:
        InputError: the clock never moves, the trace is shorter than 8 s, or over a fifth of it is
            invalid.
    """
    if np.ptp(time_s) == 0.0:
        raise InputError(
            f"{file}: the video's clock is {time_s[0]:g} s throughout, so the player did not run "
            "and nothing can be aligned to the video; record it again, or take the recording's own "
            "clock by --playback-from-timestamp"
        )
    stuck = _stuck(time_s)
    later = np.minimum.accumulate(time_s[::-1])[::-1]
    last = np.append(time_s[:-1] < later[1:], True)
    _tell_of_repeats(file, time_s)
    row = np.flatnonzero(last)
    jumped = jumps(time_s[row], direction[row])
    # A clock that stands still leaves one row of that time, which must not be bridged.
    valid = ~jumped & ~stuck[row]
    causes = Counter({"stuck clock": int(stuck.sum()), "jumps": int((jumped & ~stuck[row]).sum())})
    _require_enough(file, time_s[row], causes, len(row) + int((stuck & ~last).sum()))
    return Kept(row, valid)


def bridged(
    time_s: Float[np.ndarray, "sample"],
    valid: Bool[np.ndarray, "sample"],
    at_s: Float[np.ndarray, "time"],
) -> tuple[Int[np.ndarray, "time"], Float[np.ndarray, "time"], Bool[np.ndarray, "time"]]:
    """Return between which samples times lie.

    Args:
        time_s: the samples' times, rising.
        valid: whether they may be interpolated from.
        at_s: times within the samples'.

    Returns:
        The sample before each time, the share of the way to the next, and whether both are valid
        and no more than 0.3 s apart.
    """
    before = np.clip(np.searchsorted(time_s, at_s, side="right") - 1, 0, len(time_s) - 2)
    step = time_s[before + 1] - time_s[before]
    share = (at_s - time_s[before]) / step
    # At a sample's very time its neighbours do not matter.
    use_before, use_after = share < 1.0 - _SAME, share > _SAME
    sound = (valid[before] | ~use_before) & (valid[before + 1] | ~use_after)
    return before, share, sound & ((step <= LONGEST_GAP_S + 1e-9) | ~(use_before & use_after))


def _stuck(time_s: Float[np.ndarray, "row"]) -> Bool[np.ndarray, "row"]:
    """Rows of runs of one time that lasted over a second, by the pace of the other rows."""
    begin = np.flatnonzero(np.append(True, np.diff(time_s) != 0.0))
    count = np.diff(np.append(begin, len(time_s)))
    step = np.diff(time_s[begin])
    usual = (step > 0.0) & (step <= LONGEST_GAP_S)
    if not usual.any():
        return np.zeros(len(time_s), bool)
    row_s = np.median(step[usual] / count[:-1][usual])
    return np.repeat((count - 1) * row_s > _LONGEST_STUCK_S, count)


def jumps(
    time_s: Float[np.ndarray, "sample"], direction: Float[np.ndarray, "sample 3"]
) -> Bool[np.ndarray, "sample"]:
    """Return which samples come after a turn faster than heads make."""
    turn = np.degrees(sphere.distance(direction[:-1], direction[1:]))
    return np.append(False, turn > FASTEST_DEG_S * np.diff(time_s))


def _tell_of_repeats(file: Path, time_s: Float[np.ndarray, "row"]) -> None:
    back = np.diff(time_s) < 0.0
    if back.any():
        row = int(np.argmax(back))
        _log.warning(
            "%s: the video's clock runs back (first from %.2f s to %.2f s); of what was played "
            "again the last counts",
            *(file, time_s[row], time_s[row + 1]),
        )


def _require_enough(
    file: Path, time_s: Float[np.ndarray, "sample"], causes: Counter[str], rows: int
) -> None:
    length = time_s[-1] - time_s[0]
    if length < SHORTEST_S - _SAMPLE_S:
        raise InputError(
            f"{file}: {length:.2f} s of the video, where a prediction needs {SHORTEST_S:g} s "
            "(3 s of past, 5 s of future); record for longer"
        )
    if causes.total() > _MOST_INVALID * rows:
        told = ", ".join(f"{name}: {count} rows" for name, count in causes.items() if count)
        raise InputError(
            f"{file}: {causes.total() / rows:.0%} of it is invalid ({told}), more than "
            f"{_MOST_INVALID:.0%}; record it again"
        )
