"""How much of the output is shown: which share of each axis, of every frame."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.smoothing.cover_limit import Covered
from dvs_jax.smoothing.giving_way import GivingWay

Framing = Literal["fixed", "varying", "smallest"]
"""All that the crop allows is cut off; or what is needed now, changing slowly; or what the worst
frame needs, for which the whole path has to be known."""

WIDENING_S = 4.0
"""Time constant in seconds with which a varying picture widens again."""


class View(NamedTuple):
    """What the virtual camera shows of a frame.

    Attributes:
        pose: float64 [4], [x, y, z, w], world to camera.
        kept: central share of the width and of the height that is shown.
    """

    pose: Float[np.ndarray, "4"]
    kept: float


class Shares:
    """The shares that may be shown: within what a frame covers, never less than the crop leaves."""

    def __init__(self, crop: float, size: tuple[int, int]):
        """Describe the limits.

        Args:
            crop: the most that may be cut off at each side, as a share of width and height.
            size: width and height of the frames in pixels.
        """
        # A pixel is taken off at each side, since the outermost ones blend with the border.
        self._margin = 2.0 / min(size)
        # In a tiny picture the margin can be all that is left.
        self.smallest = max(1.0 - 2.0 * crop - self._margin, self._margin)

    def of(self, kept: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame"]:
        """Return the shares to show of frames that cover so much (see `kept_fraction`)."""
        return np.clip(kept - self._margin, self.smallest, 1.0)


def views(
    framing: Framing,
    path: Iterable[Covered],
    time_s: Float[np.ndarray, "frame"],
    shares: Shares,
) -> Iterator[View]:
    """Decide how much is shown of each frame.

    Args:
        framing: what decides.
        path: the poses, in portions, and how much each covers. It is consumed as views are taken;
            a varying picture looks a second ahead, the smallest crop at all of it.
        time_s: when the frames were exposed.
        shares: what may be shown.
    """
    portions = {"fixed": _fixed, "varying": _varying, "smallest": _smallest}[framing]
    for pose, kept in portions(path, time_s, shares):
        yield from map(View, pose, kept.tolist())


_Portion = tuple[Float[np.ndarray, "frame 4"], Float[np.ndarray, "frame"]]


def _fixed(
    path: Iterable[Covered], _: Float[np.ndarray, "frame"], shares: Shares
) -> Iterator[_Portion]:
    for pose, kept in path:
        yield pose, np.full_like(kept, shares.smallest)


def _smallest(
    path: Iterable[Covered], _: Float[np.ndarray, "frame"], shares: Shares
) -> Iterator[_Portion]:
    poses, kept = map(np.concatenate, zip(*path, strict=True))
    yield poses, np.broadcast_to(shares.of(kept.min()), len(kept))


def _varying(
    path: Iterable[Covered], time_s: Float[np.ndarray, "frame"], shares: Shares
) -> Iterator[_Portion]:
    narrowing, waiting, known = GivingWay(np.inf, WIDENING_S), np.zeros((0, 4)), 0
    for pose, kept in path:
        start = known + len(waiting)
        waiting = np.concatenate([waiting, pose])
        lost = narrowing.push(time_s[start : start + len(pose)], 1.0 - shares.of(kept))
        yield waiting[: len(lost)], 1.0 - lost
        waiting, known = waiting[len(lost) :], known + len(lost)
    yield waiting, 1.0 - narrowing.finish()
