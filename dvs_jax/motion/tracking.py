"""Corners tracked from each picture to the next."""

from typing import NamedTuple

import av
import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from dvs_jax import quaternion
from dvs_jax.motion.corners import CELLS, corners
from dvs_jax.video.picture import shrunk_luma

LONGER_SIDE = 480
"""Longer side, in pixels, of the pictures that are looked at."""

PER_CELL = 3

COUNT = PER_CELL * CELLS[0] * CELLS[1]
"""The most corners of a picture; all arrays of tracks have this length."""

_WINDOW = 17
_LEVELS = 3
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)

_FORTH_AND_BACK = 0.25
"""How far, in pixels, a corner tracked forth and back may end from where it began."""

_TEXTURED = 2.0
"""Standard deviation, in levels, of cells that tell of contrast."""

_NO_CHANGE = 1.5
"""Levels by which a change of light may differ from none: what it moves is below 0.05 pixel."""


class Tracks(NamedTuple):
    """Corners of a picture, found again in the next one.

    Attributes:
        earlier: float32 [track, 2], (x, y) in the earlier picture, as fractions of its width and
            height; pixel centre (c, r) is at ((c + 0.5) / W, (r + 0.5) / H).
        later: likewise in the later picture.
        known: which of the tracks were found; the others are padding.
    """

    earlier: Float[quaternion.Array, "track 2"]
    later: Float[quaternion.Array, "track 2"]
    known: Bool[quaternion.Array, "track"]


NOTHING = Tracks(
    np.zeros((COUNT, 2), np.float32), np.zeros((COUNT, 2), np.float32), np.zeros(COUNT, bool)
)
"""The tracks of a picture that has none before it."""


class Tracker:
    """Tracks corners through the pictures of a clip, one after the other."""

    def __init__(self) -> None:
        """Begin before the first picture."""
        self._previous: UInt8[np.ndarray, "height width"] | None = None

    def follow(self, picture: av.VideoFrame) -> Tracks:
        """Return the tracks from the picture before to this one; none for the first."""
        image = shrunk_luma(picture, looked_at((picture.width, picture.height)))
        previous, self._previous = self._previous, image
        return NOTHING if previous is None else tracks_between(previous, image)


def looked_at(size: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height at which pictures of a size are looked at."""
    scale = min(LONGER_SIDE / max(size), 1.0)
    width, height = (max(round(side * scale), 1) for side in size)
    return width, height


def tracks_between(
    earlier: UInt8[np.ndarray, "height width"], later: UInt8[np.ndarray, "height width"]
) -> Tracks:
    """Track corners from one picture to another, and back.

    Lucas and Kanade's method in an image pyramid (Bouguet, "Pyramidal implementation of the Lucas
    Kanade feature tracker", 2000); what does not come back to where it began is dropped. The method
    takes a corner's brightness for constant, so that of the later picture is adjusted first: a
    change by a twentieth would move what is found by a tenth of a pixel, one by a third lose it.
    """
    begin = corners(earlier, PER_CELL)
    if len(begin) == 0:
        return NOTHING
    later = _as_bright(later, earlier)
    end, forth = _tracked(earlier, later, begin)
    back, there = _tracked(later, earlier, end)
    near = np.linalg.norm(begin - back, axis=-1) < _FORTH_AND_BACK
    found = forth & there & near
    size = np.array(earlier.shape[::-1], np.float32)
    tracks = Tracks(
        np.zeros((COUNT, 2), np.float32), np.zeros((COUNT, 2), np.float32), _first(found.sum())
    )
    tracks.earlier[tracks.known] = (begin[found] + np.float32(0.5)) / size
    tracks.later[tracks.known] = (end[found] + np.float32(0.5)) / size
    return tracks


def _as_bright(
    picture: UInt8[np.ndarray, "height width"], other: UInt8[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width"]:
    """Return a picture with the brightness and contrast of another one of the same scene.

    Medians over cells tell a change of light from what enters the picture.
    """
    (mean, spread), (wanted, wanted_spread) = _brightness(picture), _brightness(other)
    textured = (spread > _TEXTURED) & (wanted_spread > _TEXTURED)
    if not textured.any():
        return picture
    gain = np.median(wanted_spread[textured] / spread[textured])
    offset = np.median((wanted - gain * mean)[textured])
    if np.median(np.abs(gain * mean + offset - mean)[textured]) < _NO_CHANGE:
        return picture
    levels = gain * np.arange(256.0) + offset
    return cv2.LUT(picture, np.clip(np.rint(levels), 0, 255).astype(np.uint8))


def _brightness(
    picture: UInt8[np.ndarray, "height width"],
) -> tuple[Float[np.ndarray, "down across"], Float[np.ndarray, "down across"]]:
    """Return the mean brightness of each cell and its standard deviation."""
    level = picture.astype(np.float32)
    mean, square = (cv2.resize(of, CELLS, interpolation=cv2.INTER_AREA) for of in (level, level**2))
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _first(count: int) -> Bool[np.ndarray, "track"]:
    return np.arange(COUNT) < count


def _tracked(
    source: UInt8[np.ndarray, "height width"],
    target: UInt8[np.ndarray, "height width"],
    points: Float[np.ndarray, "point 2"],
) -> tuple[Float[np.ndarray, "point 2"], Bool[np.ndarray, "point"]]:
    window = (_WINDOW, _WINDOW)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        source, target, points, None, winSize=window, maxLevel=_LEVELS, criteria=_STOP
    )
    return moved, found[:, 0] == 1
