"""Affine maps held back where what a crop leaves would show what lies beyond the frame."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from statistics import fmean
from typing import TypeVar

import numpy as np
from jaxtyping import Float

GIVING_WAY = 6
"""Frames on either side over which maps give way, in each of two passes."""

_AS_FILMED = np.eye(2, 3)

Affine = Float[np.ndarray, "2 3"]
Item = TypeVar("Item")


def held(maps: Iterable[Affine], crop: float) -> Iterator[Affine]:
    """Yield a share of each map with which what the crop leaves shows the frame alone.

    The shares change slowly, for a map that is held back by itself is a jerk: each is the mean of
    the least ones around.

    Args:
        maps: of a clip's frames, from output to input, from edge to edge −1 to 1.
        crop: the most that may be cut off at each side, as a share of width and height.
    """
    shares = ((theta, _covered_share(theta, crop)) for theta in maps)
    least = (
        (theta, min(share for _, share in near))
        for (theta, _), near in _with_neighbours(shares, GIVING_WAY)
    )
    for (theta, _), near in _with_neighbours(least, GIVING_WAY):
        share = fmean(share for _, share in near)
        yield _AS_FILMED + share * (theta - _AS_FILMED)


def _covered_share(theta: Affine, crop: float) -> float:
    side = 1.0 - 2.0 * crop
    corners = np.array([[-side, -side, side, side], [-side, side, -side, side], [1.0] * 4])
    beyond = np.abs(theta @ corners).max() - side
    return float(min(1.0, 2.0 * crop / max(beyond, 1e-6)))


def _with_neighbours(stream: Iterable[Item], around: int) -> Iterator[tuple[Item, list[Item]]]:
    """Yield each item with those that are at most so far from it, itself among them."""
    kept: list[Item | None] = [None] * around
    for item in chain(stream, repeat(None, around)):
        kept.append(item)
        if len(kept) > 2 * around:
            near = [each for each in kept if each is not None]
            middle = kept[around]
            assert middle is not None
            yield middle, near
            del kept[0]
