"""How a picture follows the one before it in its video."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from dvs_jax.metrics.similarity import Fit, fit

WATCHED_WIDTH = 640
"""Width in pixels of the pictures in which motion is measured; their height keeps the aspect."""

CELLS = (4, 6)
"""Rows and columns of cells, in each of which the motion of its own is told apart."""

FLOW_WIDTH = 320

_FEWEST_TRACKS = 3


@dataclass(frozen=True)
class Step:
    """From one picture to the next; NaN where unknown, as for the first picture of a video.

    Attributes:
        motion: float64 [3], of most of the content at the picture's centre: shift x and y in pixels
            of `WATCHED_WIDTH`, roll in degrees.
        left: float64 [row, column, 2], what the content of each cell moves beside that similarity,
            (x, y) in pixels: the median of its tracks.
        flow: float32 [height, width, 2], the dense optical flow of pictures `FLOW_WIDTH` wide, in
            their pixels; None of the first picture.
        sharpness: of the later picture, the variance of its Laplacian, in squared grey levels.
    """

    motion: Float[np.ndarray, "3"]
    left: Float[np.ndarray, "row column 2"]
    flow: Float32[np.ndarray, "height width 2"] | None
    sharpness: float


def step(
    earlier: UInt8[np.ndarray, "height width"] | None, later: UInt8[np.ndarray, "height width"]
) -> Step:
    """Measure the step to a picture from the one before.

    Args:
        earlier: uint8 grey, `WATCHED_WIDTH` wide; None if there is none.
        later: likewise.
    """
    sharpness = float(cv2.Laplacian(later, cv2.CV_32F).var())
    motion, left = np.full(3, np.nan), np.full((*CELLS, 2), np.nan)
    if earlier is None or earlier.shape != later.shape:
        return Step(motion, left, None, sharpness)
    found = fit(earlier, later)
    if found is not None:
        motion = np.array([*found.shift, found.roll_deg])
        left = _left_by_cell(found, later.shape)
    return Step(motion, left, _flow(earlier, later), sharpness)


def watched(
    frame: UInt8[np.ndarray, "height width 3"], kept: float
) -> UInt8[np.ndarray, "row column"]:
    """Return the picture of a frame in which motion is measured.

    Args:
        frame: uint8 RGB.
        kept: the central fraction of its width and height that is looked at.

    Returns:
        uint8 grey, `WATCHED_WIDTH` wide, averaged over the area of each pixel.
    """
    height, width = frame.shape[:2]
    y, x = (round(side * (1.0 - kept) / 2.0) for side in (height, width))
    grey = cv2.cvtColor(frame[y : height - y, x : width - x], cv2.COLOR_RGB2GRAY)
    shown = grey.shape[1]
    size = WATCHED_WIDTH, max(round(grey.shape[0] * WATCHED_WIDTH / shown), 1)
    filtering = cv2.INTER_AREA if shown >= WATCHED_WIDTH else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=filtering)


def _left_by_cell(found: Fit, shape: tuple[int, ...]) -> Float[np.ndarray, "row column 2"]:
    height, width = shape
    place = (found.begin + np.array([width - 1, height - 1]) / 2.0) / [width, height]
    rows, columns = CELLS
    cell = (place[:, 1] * rows).astype(int) * columns + (place[:, 0] * columns).astype(int)
    left = np.full((rows * columns, 2), np.nan)
    for index in range(rows * columns):
        inside = found.left[cell == index]
        if len(inside) >= _FEWEST_TRACKS:
            left[index] = np.median(inside, axis=0)
    return left.reshape(rows, columns, 2)


def _flow(
    earlier: UInt8[np.ndarray, "height width"], later: UInt8[np.ndarray, "height width"]
) -> Float32[np.ndarray, "row column 2"]:
    scale = FLOW_WIDTH / WATCHED_WIDTH
    before, after = (
        cv2.resize(each, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for each in (earlier, later)
    )
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    # OpenCV's own stubs ask for the array that it may also make itself.
    return estimator.calc(before, after, None)  # type: ignore[call-overload]
