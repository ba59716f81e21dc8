"""The limit that keeps frames covered, in one pass over the frames with bounded look-ahead."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax.smoothing import coverage, limit
from dvs_jax.smoothing.coverage import Exposure
from dvs_jax.smoothing.giving_way import GivingWay
from dvs_jax.smoothing.window import Seconds


class Covered(NamedTuple):
    """Frames whose final pose is known.

    Attributes:
        pose: float64 [frame, 4], [x, y, z, w], world to camera.
        kept: float64 [frame], how much of the output each covers (see `coverage.kept_fraction`).
    """

    pose: Float[np.ndarray, "frame 4"]
    kept: Float[np.ndarray, "frame"]


class CoverLimit:
    """Pulls a path towards the real one, just far enough to keep each frame covered.

    The streaming form of `limit.limit_to_cover`, in bounded memory. Where the gradual pull leaves a
    frame uncovered that a pose nearer to the real one would cover, that frame alone is pulled
    further.
    """

    def __init__(self, crop: float, look_ahead_s: float, tell: bool = True):
        """Begin before the first frame.

        Args:
            crop: fraction of the output cut off at each side, 0 or more, below 0.5.
            look_ahead_s: look-ahead in seconds; more than `giving_way.GIVING_WAY_S` has no effect.
            tell: whether to warn at the end of frames that cannot be covered.

        Raises:
            InputError: the crop or the look-ahead is out of range.
        """
        limit.check_crop(crop, look_ahead_s)
        self._crop, self._tell = crop, tell
        self._giving_way = GivingWay(look_ahead_s)
        self._waiting: _Frames | None = None
        self._count = self._uncovered = 0

    def push(
        self,
        time_s: Seconds,
        levels: Float[np.ndarray, "level frame 4"],
        exposure: Exposure,
    ) -> Covered:
        """Take the next frames; return those whose pose is now final, in order.

        Args:
            time_s: their times, later than all before.
            levels: poses of the real path, of any paths in between, and of the smoothed path. A
                pulled pose lies on the sequence of geodesics between them. Two are enough.
            exposure: the real camera for each row of the same frames.
        """
        frames = _Frames(exposure, levels, coverage.border_rays(exposure))
        furthest = limit.furthest_covered(
            levels, lambda at, pose: frames.covered(at, pose, self._crop)
        )
        self._waiting = frames if self._waiting is None else self._waiting.followed_by(frames)
        return self._emit(1.0 - self._giving_way.push(time_s, 1.0 - furthest))

    def finish(self) -> Covered:
        """Return the remaining frames; a warning says how many cannot be covered."""
        rest = self._emit(1.0 - self._giving_way.finish())
        if self._uncovered and self._tell:
            limit.warn_of_uncovered(self._uncovered, self._count, self._crop)
        return rest

    def _emit(self, position: Float[np.ndarray, "frame"]) -> Covered:
        if self._waiting is None or len(position) == 0:
            return Covered(np.zeros((0, 4)), np.zeros(0))
        frames, self._waiting = self._waiting.cut(len(position))
        position = np.clip(position, 0.0, 1.0)
        kept = frames.kept(position)
        # A pose nearer to the real one than a covered pose need not be covered itself.
        while (bad := ~coverage.covers(kept, self._crop) & (position > 0.0)).any():
            position = np.where(bad, limit.nearer(position), position)
            kept = frames.kept(position)
        self._count += len(kept)
        self._uncovered += int((~coverage.covers(kept, self._crop)).sum())
        return Covered(limit.between(frames.levels, position), kept)


class _Frames(NamedTuple):
    exposure: Exposure  # only its camera and size are used
    levels: Float[np.ndarray, "level frame 4"]
    rays: Float[np.ndarray, "frame border 3"]

    def kept(self, position: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame"]:
        pose = limit.between(self.levels, position)
        return coverage.kept_fraction_of_rays(self.exposure, self.rays, pose)

    def covered(
        self, chosen: Int[np.ndarray, "some"], pose: Float[np.ndarray, "some 4"], crop: float
    ) -> Bool[np.ndarray, "some"]:
        kept = coverage.kept_fraction_of_rays(self.exposure, self.rays[chosen], pose)
        return coverage.covers(kept, crop)

    def followed_by(self, later: "_Frames") -> "_Frames":
        return _Frames(
            self.exposure,
            np.concatenate([self.levels, later.levels], axis=1),
            np.concatenate([self.rays, later.rays]),
        )

    def cut(self, count: int) -> "tuple[_Frames, _Frames]":
        first = _Frames(self.exposure, self.levels[:, :count], self.rays[:count])
        return first, _Frames(self.exposure, self.levels[:, count:], self.rays[count:])
