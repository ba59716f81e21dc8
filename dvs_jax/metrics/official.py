"""The measures of the program published with "Deep Online Fused Video Stabilization".

(Shi, Shi, Lai, Liang, Liang, WACV 2022.) Distortion, field of view, stability and correlation,
equal to its numbers, peculiarities included. All come from homographies between frames of 640 × 480
pixels: `warps`, float64 [frame, 3, 3], each from the input to the output, and `motions`, float64
[step, 3, 3], each from a frame to the next.
"""

import itertools
import math

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.metrics.features import HEIGHT, WIDTH, without_ipp
from dvs_jax.metrics.matching import corners

FIRST_CORRELATED_FRAME = 10

_LOWEST_KEPT = 0.5
_FOV_OUTLIERS = 5
_STEADY_BINS = 5
_TILES = 6
_STILL = 1e-6


def distortion(warps: Float[np.ndarray, "frame 3 3"]) -> Float[np.ndarray, "kept"]:
    """Return each affine part's ratio of eigenvalues, the smaller over the larger magnitude.

    Returns:
        In [0.5, 1]; smaller ratios are left out.
    """
    magnitude = np.abs(np.linalg.eigvals(warps[:, :2, :2]))
    smaller, larger = magnitude.min(axis=1), magnitude.max(axis=1)
    return (smaller / larger)[smaller >= _LOWEST_KEPT * larger]


def fov_ratios(
    warps: Float[np.ndarray, "frame 3 3"],
) -> tuple[Float[np.ndarray, "kept"], Float[np.ndarray, "kept"]]:
    """Return 1 minus the widest gap at a border of the output, as a fraction of the frame.

    Returns:
        For the width and for the height; of each, values below 0.5 and then the five smallest are
        left out.
    """
    across, down = (_without_outliers(axis) for axis in _covered_shares(warps).T)
    return across, down


def stability(motions: Float[np.ndarray, "step 3 3"]) -> tuple[float, float]:
    """Return the stability of the accumulated shift, and of the official "rotation".

    Returns:
        `steady_share` of √(M₀₂² + M₁₂²) and of atan2(M₀₀, M₁₁), with M the product of the motions
        so far.
    """
    path = accumulated(motions)
    return (
        steady_share(np.hypot(path[:, 0, 2], path[:, 1, 2])),
        steady_share(np.degrees(np.arctan2(path[:, 0, 0], path[:, 1, 1]))),
    )


def accumulated(motions: Float[np.ndarray, "step 3 3"]) -> Float[np.ndarray, "step 3 3"]:
    """Return the product of the motions up to each."""
    # A long zoom can make the product overflow; the measures are then undefined.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(list(itertools.accumulate(motions, np.matmul))).reshape(-1, 3, 3)


def steady_share(path: Float[np.ndarray, "step"]) -> float:
    """Return the fraction of a signal's spectral energy that lies in its lowest five frequencies.

    Returns:
        NaN below 13 steps, which have no more frequencies, and for a path without any motion.
    """
    energy = np.abs(np.fft.fft(path)) ** 2 if len(path) else path
    # The lower half without the DC component; the upper half mirrors it.
    energy = energy[1:][: (len(path) - 1) // 2]
    if len(energy) <= _STEADY_BINS or not energy.sum() > (_STILL * len(path)) ** 2:
        return math.nan
    return float(energy[:_STEADY_BINS].sum() / energy.sum())


def tile_correlations(
    source: UInt8[np.ndarray, "height width"],
    target: UInt8[np.ndarray, "height width"],
    warp: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "tile"]:
    """Return the correlation of the warped source with the target in tiles of the middle 60 %.

    Args:
        source: uint8 [480, 640], the input, grey.
        target: uint8 [480, 640], the output, grey.
        warp: homography from the source's pixels to the target's.

    Returns:
        float64 [36]; NaN where one of them is flat.
    """
    with without_ipp():
        warped = _centered_tiles(cv2.warpPerspective(source, warp, (WIDTH, HEIGHT)))
    shown = _centered_tiles(target)
    energy = np.sqrt((warped**2).sum(axis=1) * (shown**2).sum(axis=1))
    product = (warped * shown).sum(axis=1)
    return np.divide(product, energy, out=np.full_like(product, np.nan), where=energy > 0.0)


def _centered_tiles(grey: UInt8[np.ndarray, "height width"]) -> Float[np.ndarray, "tile pixel"]:
    height, width = HEIGHT // 10, WIDTH // 10
    middle = grey[2 * height : (2 + _TILES) * height, 2 * width : (2 + _TILES) * width]
    tiles = middle.reshape(_TILES, height, _TILES, width).swapaxes(1, 2)
    pixels = tiles.reshape(_TILES * _TILES, height * width).astype(np.float64)
    return pixels - pixels.mean(axis=1, keepdims=True)


def _covered_shares(warps: Float[np.ndarray, "frame 3 3"]) -> Float[np.ndarray, "frame 2"]:
    """Return 1 minus the widest gap at the output's left or right, and at its top or bottom."""
    seen = warps @ corners()
    x, y = seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2]
    gap_x = np.maximum(x[:, :2], WIDTH - x[:, 2:]).max(axis=1)
    gap_y = np.maximum(y[:, ::2], HEIGHT - y[:, 1::2]).max(axis=1)
    gaps = np.maximum(np.stack([gap_x / WIDTH, gap_y / HEIGHT], axis=-1), 0.0)
    return 1.0 - gaps


def _without_outliers(covered: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "kept"]:
    return np.sort(covered[covered >= _LOWEST_KEPT])[_FOV_OUTLIERS:]
