"""Limits how far a path may depart from the real one, so that every frame stays covered."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.smoothing import coverage
from dvs_jax.smoothing.coverage import Exposure
from dvs_jax.smoothing.giving_way import GivingWay
from dvs_jax.smoothing.window import Seconds, check_look_ahead, check_path, seconds

logger = logging.getLogger("dvs_jax")

_BISECTIONS = 12
"""Bisection steps in the search for the furthest pose that keeps the frame covered."""


def limit_to_cover(
    levels: Sequence[CameraPath], exposure: Exposure, crop: float, look_ahead_s: float = np.inf
) -> CameraPath:
    """Pull a path towards the real one, just far enough to keep each frame covered.

    Each frame's furthest covered pose is found; the path is then pulled gradually, beginning as
    early as the look-ahead allows, and returns slowly. Without look-ahead it is pulled at once.

    Args:
        levels: paths at the same times: the real one, any in between, and the smoothed one. A
            pulled pose lies on the sequence of geodesics between them. Two are enough.
        exposure: the real camera for each row of the same frames.
        crop: fraction of the output cut off at each side (see `covered`), 0 or more, below 0.5.
        look_ahead_s: look-ahead in seconds, added to the smoother's.

    Returns:
        The limited path. Frames that not even the real path covers have the real pose; a warning
        says how many.

    Raises:
        InputError: the crop or the look-ahead is out of range, or the lengths differ.
    """
    _check_limit(levels, exposure, crop, look_ahead_s)
    rays = coverage.border_rays(exposure)
    poses = np.stack([path.quaternion for path in levels])

    def covers(
        chosen: Int[np.ndarray, "some"], pose: Float[np.ndarray, "some 4"]
    ) -> Bool[np.ndarray, "some"]:
        return coverage.covers(coverage.kept_fraction_of_rays(exposure, rays[chosen], pose), crop)

    time_s = seconds(levels[0])
    position = _gentle_positions(time_s, poses, covers, look_ahead_s)
    limited = between(poses, position)
    empty = int((~covers(np.arange(len(time_s)), limited)).sum())
    if empty:
        warn_of_uncovered(empty, len(time_s), crop)
    return CameraPath(levels[0].time_ns, limited)


def warn_of_uncovered(empty: int, count: int, crop: float) -> None:
    """Warn that `empty` of `count` frames show an empty corner, since the camera shook too far."""
    logger.warning(
        "%d of %d frames are not covered at a crop of %g even by the unsmoothed path; "
        "choose a larger crop",
        *(empty, count, crop),
    )


Covers = Callable[
    [Int[np.ndarray, "some"], Float[np.ndarray, "some 4"]],
    Bool[np.ndarray, "some"],
]
"""Returns whether the frames of these indices are covered with these virtual poses."""


def _check_limit(
    levels: Sequence[CameraPath], exposure: Exposure, crop: float, look_ahead_s: float
) -> None:
    check_crop(crop, look_ahead_s)
    check_path(levels[0])
    lengths = {len(path) for path in levels} | {len(exposure.pose), len(exposure.ois)}
    if len(lengths) > 1:
        raise InputError(f"paths and exposure are of different lengths: {sorted(lengths)} frames")


def check_crop(crop: float, look_ahead_s: float) -> None:
    """Raise InputError unless the crop is below half and the look-ahead is zero or more."""
    if not 0.0 <= crop < 0.5:
        raise InputError(
            f"crop is the share cut off at each side, from 0 to less than 0.5, not {crop}"
        )
    check_look_ahead(look_ahead_s)


def between(
    levels: Float[np.ndarray, "level frame 4"], position: Float[np.ndarray, "frame"]
) -> Float[np.ndarray, "frame 4"]:
    """Interpolate poses from the first level (position 0), through all others, to the last (1)."""
    position = position * (len(levels) - 1)
    lower = np.minimum(position.astype(int), len(levels) - 2)
    frame = np.arange(levels.shape[1])
    return quaternion.slerp(levels[lower, frame], levels[lower + 1, frame], position - lower)


def _gentle_positions(
    time_s: Seconds,
    levels: Float[np.ndarray, "level frame 4"],
    covers: Covers,
    look_ahead_s: float,
) -> Float[np.ndarray, "frame"]:
    furthest = furthest_covered(levels, covers)
    while True:
        position = _give_way(time_s, furthest, look_ahead_s)
        uncovered = ~covers(np.arange(len(time_s)), between(levels, position)) & (furthest > 0.0)
        if not uncovered.any():
            return position
        # A pose nearer to the real one than a covered pose need not be covered itself.
        furthest = np.where(uncovered, nearer(position), furthest)


def nearer(position: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame"]:
    """Return positions halfway to the real path; tiny ones become 0."""
    return np.where(position < 2.0**-_BISECTIONS, 0.0, position / 2.0)


def furthest_covered(
    levels: Float[np.ndarray, "level frame 4"], covers: Covers
) -> Float[np.ndarray, "frame"]:
    """Return by bisection the furthest position at which each frame stays covered."""
    furthest = covers(np.arange(levels.shape[1]), levels[-1]).astype(float)
    limited = np.flatnonzero(furthest == 0.0)
    near, far = np.zeros(len(limited)), np.ones(len(limited))
    for _ in range(_BISECTIONS):
        middle = (near + far) / 2.0
        good = covers(limited, between(levels[:, limited], middle))
        near, far = np.where(good, middle, near), np.where(good, far, middle)
    furthest[limited] = near
    return furthest


def _give_way(
    time_s: Seconds, furthest: Float[np.ndarray, "frame"], look_ahead_s: float
) -> Float[np.ndarray, "frame"]:
    """Return positions that change slowly and never exceed the furthest ones."""
    giving_way = GivingWay(look_ahead_s)
    given_up = [giving_way.push(time_s, 1.0 - furthest), giving_way.finish()]
    return np.clip(1.0 - np.concatenate(given_up), 0.0, 1.0)
