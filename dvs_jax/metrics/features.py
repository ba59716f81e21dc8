"""Frames prepared for the metrics: resized, grey, with SIFT features and their motion."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from dvs_jax.errors import InputError
from dvs_jax.metrics.step import Step, step, watched

WIDTH, HEIGHT = 640, 480
"""Every frame is resized to this first, whatever its aspect."""


class Picture(NamedTuple):
    """A frame made small.

    Attributes:
        size: its original width and height in pixels.
        grey: uint8 [480, 640].
        watched: uint8 grey, 640 wide, what is seen of it (see `step.watched`).
        watched_size: width and height in pixels of what is seen before it was resized.
    """

    size: tuple[int, int]
    grey: UInt8[np.ndarray, "height width"]
    watched: UInt8[np.ndarray, "row column"]
    watched_size: tuple[int, int]


@dataclass(frozen=True)
class View:
    """A picture with its SIFT features and its motion.

    Attributes:
        picture: the frame.
        step: from the picture before it.
        points: float32 [feature, 2], keypoints, (x, y) in pixels of the picture.
        descriptors: float32 [feature, 128], integers from 0 to 255.
    """

    picture: Picture
    step: Step
    points: Float32[np.ndarray, "feature 2"]
    descriptors: Float32[np.ndarray, "feature 128"]


def shrink(
    frame: UInt8[np.ndarray, "height width 3"],
    name: str,
    shown: UInt8[np.ndarray, "row column 3"] | None = None,
    kept: float = 1.0,
) -> Picture:
    """Resize a frame (bilinear, as in the official program) and make it grey.

    Args:
        frame: uint8 RGB of any size.
        name: of the frame, for errors: "frame 3 of the input".
        shown: what is watched of it, where that is another picture.
        kept: the central fraction of the width and height that is watched.

    Raises:
        InputError: it is not uint8 RGB, or empty.
    """
    shown = frame if shown is None else shown
    for each in (frame, shown):
        _require_rgb(each, name)
    small = cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    size, grey = (frame.shape[1], frame.shape[0]), cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return Picture(size, grey, watched(shown, kept), (shown.shape[1], shown.shape[0]))


def _require_rgb(frame: UInt8[np.ndarray, "height width 3"], name: str) -> None:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
        raise InputError(
            f"{name} is {frame.dtype} {list(frame.shape)}: "
            "metrics take uint8 RGB frames [height, width, 3]"
        )


def look_at(picture: Picture, earlier: Picture | None) -> View:
    """Find the SIFT features of a picture, and its motion since the one before."""
    with without_ipp():
        features, descriptors = cv2.SIFT.create().detectAndCompute(picture.grey, None)
    # OpenCV returns None and an empty tuple for a frame without features.
    return View(
        picture=picture,
        step=step(None if earlier is None else earlier.watched, picture.watched),
        points=np.asarray(cv2.KeyPoint.convert(features), np.float32).reshape(-1, 2),
        descriptors=np.zeros((0, 128), np.float32) if descriptors is None else descriptors,
    )


@contextlib.contextmanager
def without_ipp() -> Iterator[None]:
    """Disable Intel's IPP, which OpenCV's wheels for x86 include, in this thread.

    IPP rounds differently from OpenCV and from one processor to another, and stability is sensitive
    to rounding. OpenCV's own threads keep it, so there must be none (`stages.one_opencv_thread`).
    """
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        yield
    finally:
        cv2.ipp.setUseIPP(before)
