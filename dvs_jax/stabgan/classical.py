"""The classical method to compare with: affine maps fitted to flow, and a Gaussian over time."""

import cv2
import numpy as np
import scipy
from jaxtyping import Float

from dvs_jax.stabgan.steady_path import DEVIATION_S

_STEP = 4
"""Pixels from one of the flow's points that are fitted to the next."""
_OUTLIER_PX = 0.3


def maps(
    flow: Float[np.ndarray, "frame row column 2"], rate: float
) -> Float[np.ndarray, "frame 2 3"]:
    """Return maps from output to input, from edge to edge −1 to 1, that smooth a clip's path.

    Args:
        flow: in pixels, from the frame before to each; of the first it is not read.
        rate: frames a second.
    """
    rows, columns = flow.shape[1:3]
    step = [_fitted(each) for each in flow[1:]]
    path = np.cumsum([np.zeros(4), *step], axis=0)
    smooth = scipy.ndimage.gaussian_filter1d(path, DEVIATION_S * rate, axis=0, mode="nearest")
    # A point of the steady frame is found where the shaky one has moved it to.
    right, below, turn, zoom = (path - smooth).T
    across, down = np.exp(zoom) * np.cos(turn), np.exp(zoom) * np.sin(turn)
    aspect = rows / columns
    return np.stack(
        [
            np.stack([across, -down * aspect, 2.0 * right / columns], axis=-1),
            np.stack([down / aspect, across, 2.0 * below / rows], axis=-1),
        ],
        axis=1,
    )


def _fitted(flow: Float[np.ndarray, "row column 2"]) -> Float[np.ndarray, "4"]:
    """Return by how much a frame moves right and down in pixels, turns and zooms."""
    rows, columns = flow.shape[:2]
    place = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    centre = 0.5 * (np.array([columns, rows]) - 1.0)
    points = (place - centre)[::_STEP, ::_STEP].reshape(-1, 2).astype(np.float32)
    moved = points + flow[::_STEP, ::_STEP].reshape(-1, 2)
    found, _ = cv2.estimateAffinePartial2D(
        points, moved, method=cv2.RANSAC, ransacReprojThreshold=_OUTLIER_PX
    )
    if found is None:
        return np.zeros(4)
    turned = complex(found[0, 0], found[1, 0])
    return np.array([*found[:, 2], np.angle(turned), np.log(abs(turned))])
