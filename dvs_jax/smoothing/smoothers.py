"""The smoothers by name, and a path smoothed by one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.smoothing.coverage import Exposure
from dvs_jax.smoothing.filters import adaptive, exponential, gaussian, savitzky_golay
from dvs_jax.smoothing.limit import limit_to_cover
from dvs_jax.smoothing.unrolling import Turn, roll_back, unroll
from dvs_jax.smoothing.window import Seconds, check_look_ahead, check_path, seconds

LEVELS = (0.0, 0.125, 0.25, 0.5, 1.0)
"""Shares of the strength at which `smooth_within_frame` has levels towards the real path."""

LIMIT_SHARE_OF_LOOK_AHEAD = 0.25
"""The limit's share of a look-ahead that is split between limit and smoother."""


@dataclass(frozen=True)
class Smoother:
    """One way to smooth a path.

    Attributes:
        filter: maps (time_s, turn, strength_s, look_ahead_s) to the smoothed unrolled path.
        strength_s: default strength in seconds.
        look_ahead_s: the most look-ahead that it uses; 0 for an online one.
    """

    filter: Callable[[Seconds, Turn, float, float], Turn]
    strength_s: float
    look_ahead_s: float = np.inf


SMOOTHERS: dict[str, Smoother] = {
    "gaussian": Smoother(gaussian, 0.5),
    "savitzky-golay": Smoother(savitzky_golay, 0.75),
    "exponential": Smoother(exponential, 0.2, look_ahead_s=0.0),
    "adaptive": Smoother(adaptive, 0.5),
}
"""The smoothers by their names on the command line."""


def smooth(
    name: str, path: CameraPath, strength_s: float | None = None, look_ahead_s: float = np.inf
) -> CameraPath:
    """Return a smoothed path at the same times, without a limit on the departure from the real one.

    Args:
        name: one of `SMOOTHERS`.
        path: the real path, one pose per frame at its centre time; one frame or more.
        strength_s: the smoother's strength in seconds (see each); None for its default.
        look_ahead_s: look-ahead in seconds.

    Raises:
        InputError: there is no such smoother, the path is empty, not finite or not in the order of
            time, or a number is out of range.
    """
    return _smooth_at_levels(name, path, strength_s, look_ahead_s, (1.0,))[0]


def _smooth_at_levels(
    name: str,
    path: CameraPath,
    strength_s: float | None,
    look_ahead_s: float,
    levels: Sequence[float],
) -> list[CameraPath]:
    smoother = _smoother(name)
    strength_s = smoother.strength_s if strength_s is None else strength_s
    check_path(path)
    if not (np.isfinite(strength_s) and strength_s > 0.0):
        raise InputError(f"a smoother's strength must be a positive time, not {strength_s} s")
    check_look_ahead(look_ahead_s)
    time_s = seconds(path)
    turn, carry = unroll(path.quaternion)
    look_ahead_s = min(look_ahead_s, smoother.look_ahead_s)
    smoothed = [smoother.filter(time_s, turn, strength_s * level, look_ahead_s) for level in levels]
    poses = [roll_back(path.quaternion, carry, result - turn) for result in smoothed]
    return [CameraPath(path.time_ns, pose) for pose in poses]


def usual_strength_s(name: str) -> float:
    """Return a smoother's usual strength in seconds, or raise InputError where there is none."""
    return _smoother(name).strength_s


def _smoother(name: str) -> Smoother:
    if name not in SMOOTHERS:
        raise InputError(f"there is no smoother {name!r}; choose one of {', '.join(SMOOTHERS)}")
    return SMOOTHERS[name]


def smooth_within_frame(
    name: str,
    path: CameraPath,
    exposure: Exposure,
    crop: float,
    strength_s: float | None = None,
    look_ahead_s: float = np.inf,
) -> CameraPath:
    """Return a smoothed path that keeps every frame covered (see `smooth`, `limit_to_cover`).

    Where the path must be pulled, it is by weaker smoothing, which lets far less shake through than
    interpolation between the smooth and the real pose.

    Args:
        name: one of `SMOOTHERS`.
        path: the real path, one pose per frame at its centre time.
        exposure: the real camera for each row of the same frames.
        crop: fraction of the output cut off at each side (see `covered`).
        strength_s: the smoother's strength in seconds; None for its default.
        look_ahead_s: total look-ahead in seconds of smoother and limit. With an online smoother
            neither has any.

    Raises:
        InputError: as `smooth` and `limit_to_cover`.
    """
    levels, for_limit_s = levels_within_frame(name, path, strength_s, look_ahead_s)
    return limit_to_cover(levels, exposure, crop, for_limit_s)


def levels_within_frame(
    name: str,
    path: CameraPath,
    strength_s: float | None = None,
    look_ahead_s: float = np.inf,
) -> tuple[list[CameraPath], float]:
    """Return the levels from the real to the smoothed path, and the limit's look-ahead in seconds.

    Arguments and errors as for `smooth_within_frame`.
    """
    look_ahead_s = min(look_ahead_s, _smoother(name).look_ahead_s)
    for_limit_s = look_ahead_s * LIMIT_SHARE_OF_LOOK_AHEAD
    for_smoother_s = look_ahead_s * (1.0 - LIMIT_SHARE_OF_LOOK_AHEAD)
    smoothed = _smooth_at_levels(name, path, strength_s, for_smoother_s, LEVELS[1:])
    return [path, *smoothed], for_limit_s
