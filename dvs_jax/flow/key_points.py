"""Key points drawn into a picture: what a detector sees in it."""

from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8

Detector = Literal["orb", "sift"]

MOST = 500
"""Key points that are drawn, the strongest."""

_GREEN = (0, 255, 0)


def drawn(
    image: UInt8[np.ndarray, "height width 3"], detector: Detector
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a copy of an image with its key points as circles of their size, and their direction.

    Args:
        image: RGB.
        detector: ORB (Rublee et al., ICCV 2011) or SIFT (Lowe, IJCV 2004).
    """
    finder = cv2.ORB.create(MOST) if detector == "orb" else cv2.SIFT.create(MOST)
    found = finder.detect(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    how = cv2.DRAW_MATCHES_FLAGS_DRAW_RICH_KEYPOINTS
    return cv2.drawKeypoints(image, found, image.copy(), _GREEN, how).astype(np.uint8, copy=False)
