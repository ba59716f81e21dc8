"""Whether two frames show the same picture, up to noise, recompression and exposure.

There estimators return spurious flow: RAFT up to a pixel, Farnebäck a fifth of one even on
identical frames. Where no part of the picture moves, the flow is set to zero instead.
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.flow.opencv import to_grey

_WINDOW_PX = 32
# Recompression moves single windows by almost a tenth of a pixel, but not the picture as a whole.
_LARGEST_WINDOW_MOTION_PX = 0.1
_LARGEST_MEDIAN_MOTION_PX = 0.03
# Smaller pictures show the same motion in fewer pixels, with less noise, so the thresholds scale
# with the size, down to a third.
_USUAL_SIDE = 480
_LEAST_SCALE = 1 / 3
_NOISE_SIGMA_PX = 1.5
# Gradients below this many grey levels a pixel count as noise, not as texture.
_NOISE_GRADIENT = 2.0
# Frames that differ by more grey levels on average are no repeats, and need no motion estimate.
_LARGEST_MEAN_DIFFERENCE = 6.0


def is_still(first: UInt8[np.ndarray, "..."], second: UInt8[np.ndarray, "..."]) -> bool:
    """Whether two frames, uint8 RGB [height, width, 3] or grey, show no motion.

    That is: a median motion below 0.03 px, and no window of 32 × 32 px that moves by 0.1 px; both
    limits shrink with a longer side below 480 px, down to a third.
    """
    if cv2.norm(first, second, cv2.NORM_L1) > _LARGEST_MEAN_DIFFERENCE * first.size:
        return False
    motion = _window_motion(_denoised(first), _denoised(second))
    scale = np.clip(max(first.shape) / _USUAL_SIDE, _LEAST_SCALE, 1.0)
    return bool(
        motion.max() < scale * _LARGEST_WINDOW_MOTION_PX
        and np.median(motion) < scale * _LARGEST_MEDIAN_MOTION_PX
    )


def _denoised(frame: UInt8[np.ndarray, "..."]) -> Float[np.ndarray, "height width"]:
    return cv2.GaussianBlur(to_grey(frame).astype(np.float32), (0, 0), _NOISE_SIGMA_PX)


def _window_motion(
    before: Float[np.ndarray, "height width"], after: Float[np.ndarray, "height width"]
) -> Float[np.ndarray, "rows columns"]:
    """Length in pixels of each window's motion (Lucas & Kanade, IJCAI 1981)."""
    mean = (before + after) / 2
    across = cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=1 / 8)
    change = after - before
    # Covariances, not products: a window that only grows brighter does not move.
    xx = _window_covariances(across, across) + _NOISE_GRADIENT**2
    yy = _window_covariances(down, down) + _NOISE_GRADIENT**2
    xy = _window_covariances(across, down)
    xt, yt = _window_covariances(across, change), _window_covariances(down, change)
    return np.hypot(yy * xt - xy * yt, xx * yt - xy * xt) / (xx * yy - xy * xy)


def _window_covariances(
    one: Float[np.ndarray, "height width"], other: Float[np.ndarray, "height width"]
) -> Float[np.ndarray, "rows columns"]:
    return _window_means(one * other) - _window_means(one) * _window_means(other)


def _window_means(values: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "rows columns"]:
    rows, columns = (-(-side // _WINDOW_PX) for side in values.shape)
    return cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA)
