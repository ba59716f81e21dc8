"""The similarity between two consecutive pictures, from tracked corners."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Complex, Float, UInt8

_CORNERS, _QUALITY, _DISTANCE_PX, _BLOCK_PX = 400, 0.005, 9, 5
_WINDOW_PX, _LEVELS = (21, 21), 4
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.01)
_FORTH_AND_BACK_PX = 0.5
_FEWEST_TRACKS, _FEWEST_INLIERS = 12, 10

_RANSAC_PX, _CONFIDENCE = 1.5, 0.999
_ROUNDS = 5
_NEAR_PX, _INLIER_PX = 3.0, 4.0
_LEAST_SCALE_PX = 0.02


class Fit(NamedTuple):
    """The motion of most of a picture's content, and what it does not explain.

    Attributes:
        shift: (x, y) in pixels, of the content at the picture's centre.
        roll_deg: in degrees, from x to y.
        begin: float64 [inlier, 2], where the tracks begin, (x, y) in pixels from the centre.
        left: float64 [inlier, 2], how much further they move than the similarity does, in pixels.
    """

    shift: tuple[float, float]
    roll_deg: float
    begin: Float[np.ndarray, "inlier 2"]
    left: Float[np.ndarray, "inlier 2"]


def fit(
    earlier: UInt8[np.ndarray, "row column"], later: UInt8[np.ndarray, "row column"]
) -> Fit | None:
    """Fit the similarity by which a picture moves to the next one.

    Corners are tracked forth and back, and fitted by RANSAC, then by reweighted least squares with
    Cauchy's weights.

    Args:
        earlier: uint8 grey.
        later: uint8 grey, of the same size.

    Returns:
        None where too few corners agree.
    """
    begin, end = _tracks(earlier, later)
    if len(begin) < _FEWEST_TRACKS:
        return None
    found = _consensus(begin, end)
    if found is None:
        return None
    turn, shift = found
    for _ in range(_ROUNDS):
        weight = _weights(np.abs(end - turn * begin - shift))
        if not weight.any():
            return None
        turn, shift = _least_squares(begin, end, weight)
    left = end - turn * begin - shift
    inlier = np.abs(left) < _INLIER_PX
    if inlier.sum() < _FEWEST_INLIERS:
        return None
    roll_deg = float(np.degrees(np.angle(turn)))
    return Fit((shift.real, shift.imag), roll_deg, _pairs(begin[inlier]), _pairs(left[inlier]))


def _tracks(
    earlier: UInt8[np.ndarray, "row column"], later: UInt8[np.ndarray, "row column"]
) -> tuple[Complex[np.ndarray, "track"], Complex[np.ndarray, "track"]]:
    """Return where corners are in both pictures, as x + iy in pixels from the centre."""
    found = cv2.goodFeaturesToTrack(earlier, _CORNERS, _QUALITY, _DISTANCE_PX, blockSize=_BLOCK_PX)
    if found is None:
        return np.zeros(0, complex), np.zeros(0, complex)
    begin = found.reshape(-1, 2)
    end, forth = _tracked(earlier, later, begin)
    back, there = _tracked(later, earlier, end)
    kept = forth & there & (np.linalg.norm(begin - back, axis=-1) < _FORTH_AND_BACK_PX)
    height, width = earlier.shape
    centre = complex(width - 1, height - 1) / 2.0
    from_centre = [
        points[kept].astype(np.float64) @ [1.0, 1.0j] - centre for points in (begin, end)
    ]
    return from_centre[0], from_centre[1]


def _tracked(
    source: UInt8[np.ndarray, "row column"],
    target: UInt8[np.ndarray, "row column"],
    points: Float[np.ndarray, "point 2"],
) -> tuple[Float[np.ndarray, "point 2"], Float[np.ndarray, "point"]]:
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        source, target, points, None, winSize=_WINDOW_PX, maxLevel=_LEVELS, criteria=_STOP
    )
    return moved, found[:, 0] == 1


def _consensus(
    begin: Complex[np.ndarray, "track"], end: Complex[np.ndarray, "track"]
) -> tuple[complex, complex] | None:
    matrix, _ = cv2.estimateAffinePartial2D(
        _pairs(begin), _pairs(end), None, cv2.RANSAC, _RANSAC_PX, confidence=_CONFIDENCE
    )
    if matrix is None:
        return None
    return complex(matrix[0, 0], matrix[1, 0]), complex(matrix[0, 2], matrix[1, 2])


def _weights(distance: Float[np.ndarray, "track"]) -> Float[np.ndarray, "track"]:
    near = distance < _NEAR_PX
    if not near.any():
        return np.zeros_like(distance)
    scale = max(float(np.median(distance[near])), _LEAST_SCALE_PX)
    return near / (1.0 + 0.5 * (distance / scale) ** 2)


def _least_squares(
    begin: Complex[np.ndarray, "track"],
    end: Complex[np.ndarray, "track"],
    weight: Float[np.ndarray, "track"],
) -> tuple[complex, complex]:
    """Return z and t of the similarity end = z · begin + t."""
    source, target = (np.average(points, weights=weight) for points in (begin, end))
    begin, end = begin - source, end - target
    spread = (weight * np.abs(begin) ** 2).sum()
    turn = complex((weight * np.conj(begin) * end).sum() / max(spread, 1e-9))
    return turn, complex(target - turn * source)


def _pairs(points: Complex[np.ndarray, "point"]) -> Float[np.ndarray, "point 2"]:
    return np.stack([points.real, points.imag], axis=-1)
