"""Farnebäck's optical flow, as the published program takes it.

(Farnebäck, "Two-frame motion estimation based on polynomial expansion", SCIA 2003.)
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

Grey = UInt8[np.ndarray, "height width"]
Flow = Float[np.ndarray, "height width 2"]


def flow_between(before: Grey, after: Grey) -> Flow:
    """Return by how many pixels (x, y) the content of each pixel of `before` has moved; float32."""
    return cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def flow_along(
    clip: UInt8[np.ndarray, "frame height width"],
) -> Float[np.ndarray, "frame height width 2"]:
    """Return the flow to each frame of a grey clip from the one before; 0 for the first."""
    flow = np.zeros((*clip.shape, 2), np.float32)
    for number in range(1, len(clip)):
        flow[number] = flow_between(clip[number - 1], clip[number])
    return flow
