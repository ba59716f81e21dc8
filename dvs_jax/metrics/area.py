"""The part of the input's frame that the output shows."""

import math

import cv2
import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.metrics.features import HEIGHT, WIDTH

_STEP = 4
"""Pixels between the points of the input that are looked for in the output."""


def area_kept(warps: Float[np.ndarray, "frame 3 3"], shown: float) -> float:
    """Return the area of the input's frame that the output shows, over its whole area.

    Args:
        warps: float64, homographies from the input to the output, 640 × 480 pixels both.
        shown: the central fraction of the output's width and height that is watched.

    Returns:
        The mean over the frames, to 0.005; NaN without any.
    """
    across, down = (np.arange(_STEP / 2, side, _STEP) for side in (WIDTH, HEIGHT))
    points = np.stack(np.meshgrid(across, down), axis=-1).reshape(1, -1, 2)
    seen = [_is_shown(cv2.perspectiveTransform(points, warp), shown).mean() for warp in warps]
    return float(np.mean(seen)) if seen else math.nan


def _is_shown(points: Float[np.ndarray, "*point 2"], shown: float) -> Bool[np.ndarray, "*point"]:
    half = np.array([WIDTH, HEIGHT]) / 2.0
    inside: Bool[np.ndarray, "*point"] = np.all(np.abs(points - half) <= shown * half, axis=-1)
    return inside
