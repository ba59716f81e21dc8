"""Checks the times of a path, and finds the frames within time windows."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError

Seconds = Float[np.ndarray, "frame"]
"""Times in seconds, increasing."""

CLOCK_TOLERANCE_S = 1e-6
"""Tolerance for rounded times at the ends of a window."""

LARGEST_BLOCK = 1 << 14
"""Neighbours that `neighbours` yields at once, at most, or else those of a single index shift."""


def neighbours(
    time_s: Seconds, begin_s: Seconds, end_s: Seconds
) -> Iterator[tuple[Int[np.ndarray, "shift frame"], Bool[np.ndarray, "shift frame"]]]:
    """For some index shifts at a time, yield each frame's neighbours and which lie in its window.

    So memory does not grow with the windows, whose frame counts differ.
    """
    index = np.arange(len(time_s))
    first = np.searchsorted(time_s, begin_s - CLOCK_TOLERANCE_S, side="left")
    last = np.searchsorted(time_s, end_s + CLOCK_TOLERANCE_S, side="right") - 1
    shifts = np.arange(int((first - index).min()), int((last - index).max()) + 1)
    at_once = max(LARGEST_BLOCK // len(time_s), 1)
    for start in range(0, len(shifts), at_once):
        neighbour = index + shifts[start : start + at_once, None]
        inside = (neighbour >= first) & (neighbour <= last)
        yield np.clip(neighbour, 0, len(time_s) - 1), inside


def check_path(path: CameraPath) -> None:
    """Raise InputError unless the path has finite poses at increasing times."""
    if len(path) == 0:
        raise InputError("the camera path has no pose: there is nothing to smooth")
    not_finite = np.flatnonzero(~np.isfinite(path.quaternion).all(axis=-1))
    if len(not_finite):
        raise InputError(f"pose {not_finite[0]} of the camera path is not finite")
    backwards = np.flatnonzero(np.diff(path.time_ns) <= 0)
    if len(backwards):
        raise InputError(
            f"pose {backwards[0] + 1} of the camera path is not later than the one before it"
        )


def check_look_ahead(look_ahead_s: float) -> None:
    """Raise InputError unless the look-ahead is zero or more."""
    if not look_ahead_s >= 0.0:
        raise InputError(f"the look-ahead must be zero seconds or more, not {look_ahead_s}")


def seconds(path: CameraPath) -> Seconds:
    """Return the poses' times since the first one."""
    return (path.time_ns - path.time_ns[0]) * 1e-9
