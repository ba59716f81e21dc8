"""How like a steady reference a frame is, by the definitions of the program "DeepStab-GAN".

Structural similarity and peak signal-to-noise ratio; and the difference from frame to frame, which
that program calls stability. It falls where pictures get dark, blurred or black, so it tells no
stability.
"""

import math

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

_WINDOW = 7
_C1, _C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
_CUT = 0.1
_SMALL = 1e-6

Picture = UInt8[np.ndarray, "height width 3"]


def center(picture: UInt8[np.ndarray, "height width *channel"]) -> UInt8[np.ndarray, "..."]:
    """Return a picture without a tenth of its height and width at each side.

    As officially, it stays whole where a tenth of either is less than a pixel.
    """
    down, across = (int(_CUT * length) for length in picture.shape[:2])
    if down == 0 or across == 0:
        return picture
    return picture[down:-down, across:-across]


def similarity_map(
    one: UInt8[np.ndarray, "height width"], other: UInt8[np.ndarray, "height width"]
) -> Float[np.ndarray, "height width"]:
    """Return the structural similarity around each pixel, in windows of 7 × 7.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004,
    with uniform windows and unbiased covariances, as scikit-image computes it. Within three pixels
    of an edge windows reach beyond it.
    """
    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y = _mean(x), _mean(y)
    unbiased = _WINDOW**2 / (_WINDOW**2 - 1.0)
    variance_x, variance_y = (
        unbiased * (_mean(each * each) - mean * mean) for each, mean in ((x, mean_x), (y, mean_y))
    )
    covariance = unbiased * (_mean(x * y) - mean_x * mean_y)
    light = (2.0 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return light * (2.0 * covariance + _C2) / (variance_x + variance_y + _C2)


def _mean(values: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "height width"]:
    return np.asarray(cv2.blur(values, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REFLECT))


def similarity(one: Picture, other: Picture) -> float:
    """Return the mean structural similarity of two RGB pictures, turned grey.

    Returns:
        At most 1; NaN for pictures that are smaller than a window.
    """
    margin = _WINDOW // 2
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (one, other)]
    inner = similarity_map(*grey)[margin:-margin, margin:-margin]
    return float(inner.mean()) if inner.size else math.nan


def signal_to_noise_db(
    one: Picture, other: Picture, counted: Bool[np.ndarray, "height width"] | None = None
) -> float:
    """Return the peak signal-to-noise ratio of two RGB pictures, in dB.

    Args:
        one: a picture.
        other: another.
        counted: which pixels are compared; None for all.

    Returns:
        Infinite where they are equal; NaN where nothing is compared.
    """
    squared = (one.astype(np.float64) - other) ** 2
    squared = squared if counted is None else squared[counted]
    if squared.size == 0:
        return math.nan
    error = squared.mean()
    return math.inf if error == 0.0 else 10.0 * math.log10(255.0**2 / error)


def frame_difference(frames: UInt8[np.ndarray, "frame height width 3"]) -> float:
    """Return the mean difference of a video's frames from those before, in grey levels."""
    return float(np.abs(np.diff(frames.astype(np.float64), axis=0)).mean())


def gain_percent(before: float, after: float) -> float:
    """Return by how much, in percent, a frame difference became less: the official "stability"."""
    return (before - after) / (before + _SMALL) * 100.0
