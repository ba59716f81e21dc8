"""What the released program draws: 512 × 288 pictures, and the part that is never black."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

_SHRINK = 4


class Rectangle(NamedTuple):
    """Part of a picture: its first and last rows and columns, in pixels."""

    top: int
    left: int
    bottom: int
    right: int


def smoothed(position: Float[np.ndarray, "height width 2"]) -> Float[np.ndarray, "height width 2"]:
    """Return positions shrunk to a quarter and enlarged again, which hides the cells' seams.

    Args:
        position: float32 (x, y) in [−1, 1], as `official_warp.position_map` returns it.
    """
    height, width = position.shape[:2]
    small = cv2.resize(position, (width // _SHRINK, height // _SHRINK))
    return np.asarray(cv2.resize(small, (width, height)))


def draw(
    picture: UInt8[np.ndarray, "height width 3"], position: Float[np.ndarray, "height width 2"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a picture, sampled bilinearly at `smoothed` positions, black outside."""
    height, width = picture.shape[:2]
    pixel = (position + np.float32(1)) / np.float32(2) * np.array([width, height], np.float32)
    return np.asarray(cv2.remap(picture, pixel, None, cv2.INTER_LINEAR))


def covered_rectangle(covered: Bool[np.ndarray, "height width"], step: int = 10) -> Rectangle:
    """Return the largest rectangle that is covered throughout.

    Args:
        covered: where no frame of the output is black.
        step: the upper left corner's row and column are multiples of this many pixels, in the
            upper left quarter; 10 in the released program.

    Returns:
        The first of the largest, by rows; of no extent (bottom above top) where there is none.
    """
    height, width = covered.shape
    corners = ((t, x) for t in range(0, height // 2, step) for x in range(0, width // 2, step))
    return max((_from_corner(covered[t:, x:], t, x) for t, x in corners), key=_area)


def _from_corner(covered: Bool[np.ndarray, "height width"], top: int, left: int) -> Rectangle:
    free = np.logical_and.accumulate(covered, axis=1).sum(axis=1)
    free = np.minimum.accumulate(free)
    down = int(np.argmax(free * np.arange(1, len(free) + 1)))
    across = int(free[down])
    return Rectangle(top, left, top + down if across else top - 1, left + across - 1)


def _area(found: Rectangle) -> int:
    return (found.bottom - found.top + 1) * (found.right - found.left + 1)
