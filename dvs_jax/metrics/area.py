"""The part of the input's frame that the output shows."""

import math

import cv2
import numpy as np
from jaxtyping import Float

from dvs_jax.metrics.features import HEIGHT, WIDTH

_FRAME = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)


def area_kept(warps: Float[np.ndarray, "frame 3 3"], shown: float) -> float:
    """Return the area of the input's frame that the output shows, over its whole area.

    Args:
        warps: float64, homographies from the input to the output, 640 × 480 pixels both.
        shown: the central fraction of the output's width and height that is watched.

    Returns:
        The mean over the frames; NaN without any.
    """
    middle = _FRAME.mean(axis=0)
    window = middle + shown * (_FRAME - middle)
    areas = [_area_seen(np.linalg.inv(warp), window) for warp in warps]
    return float(np.mean(areas)) / (WIDTH * HEIGHT) if areas else math.nan


def _area_seen(back: Float[np.ndarray, "3 3"], window: Float[np.ndarray, "corner 2"]) -> float:
    corners = cv2.perspectiveTransform(window[None], back)[0]
    area, _ = cv2.intersectConvexConvex(corners, _FRAME)
    return float(area)
