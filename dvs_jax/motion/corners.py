"""Corners to track, spread over the picture."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

CELLS = (12, 8)
"""Cells along the longer and the shorter side, each of which has its own corners."""

_BLOCK = 3
_LEAST_STRENGTH = 1e-5
_NEIGHBOURHOOD = np.ones((5, 5), np.uint8)


def corners(
    image: UInt8[np.ndarray, "height width"], per_cell: int
) -> Float[np.ndarray, "corner 2"]:
    """Return the strongest corners of each cell of the picture.

    Shi and Tomasi, "Good features to track", 1994: local maxima of the smaller eigenvalue of the
    gradients' covariance.

    Args:
        image: uint8 luma.
        per_cell: the most corners of a cell.

    Returns:
        float32 (x, y) in pixels, integers at pixel centres; few or none where there is no texture.
    """
    height, width = image.shape
    strength = cv2.cornerMinEigenVal(image, _BLOCK)
    peak = (strength == cv2.dilate(strength, _NEIGHBOURHOOD)) & (strength > _LEAST_STRENGTH)
    margin = max(max(image.shape) // 40, 1)
    inner = np.zeros_like(peak)
    inner[margin:-margin, margin:-margin] = True
    y, x = np.nonzero(peak & inner)
    across, down = CELLS if width >= height else CELLS[::-1]
    cell = x * across // width + across * (y * down // height)
    order = np.lexsort((-strength[y, x], cell))
    rank = np.arange(len(order)) - np.searchsorted(cell[order], cell[order])
    chosen = order[rank < per_cell]
    return np.stack([x[chosen], y[chosen]], axis=-1).astype(np.float32)
