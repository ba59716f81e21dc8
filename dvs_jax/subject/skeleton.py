"""People's points and limbs drawn on a picture."""

from collections.abc import Sequence

import av
import cv2
import numpy as np
from jaxtyping import Float

from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.pose import Poses
from dvs_jax.video import picture as pictures
from dvs_jax.video.conversion import depth_of
from dvs_jax.warping.host import LEVELS_OF_10_BITS

LIMBS = (
    *((11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24)),
    *((23, 25), (25, 27), (24, 26), (26, 28), (27, 29), (29, 31), (28, 30), (30, 32)),
    *((15, 19), (16, 20), (0, 7), (0, 8)),
)
"""Pairs of points."""

FOLLOWED, OTHER, ANCHOR = (150, 44, 21), (170, 166, 90), (81, 90, 240)
"""Y, Cb and Cr in 8 bits: green, blue and red."""

_LEAST_SEEN = 0.3
"""Presence of a point that is drawn."""

_FINE = 4
"""Bits of a pixel's fraction."""


def copied(picture: av.VideoFrame) -> av.VideoFrame:
    """Return a stored picture that may be drawn on, without a last odd row and column."""
    size = picture.width - picture.width % 2, picture.height - picture.height % 2
    copy = pictures.blank(size, depth_of(picture))
    for target, source in zip(pictures.planes(copy), pictures.planes(picture), strict=True):
        target[...] = source[: target.shape[0], : target.shape[1]]
    return copy


def draw(
    picture: av.VideoFrame,
    orientation: Orientation,
    stored: tuple[int, int],
    people: Sequence[tuple[Poses, bool]],
    anchor: Float[np.ndarray, "2"],
) -> None:
    """Draw people on a stored picture, in place.

    Args:
        picture: see `copied`.
        orientation: of it.
        stored: width and height of the input, whose upright pixels poses are in.
        people: poses, and whether each is the followed person's.
        anchor: (x, y) in upright pixels; NaN for none.
    """
    inverse = np.linalg.inv(orientation.matrix(stored))
    pen = _Pen(picture, max(round(max(stored) / 480), 1))
    for pose, is_followed in people:
        place = pose.point[:, :2] @ inverse[:2, :2].T + inverse[:2, 2]
        seen = pose.presence >= _LEAST_SEEN
        for one, other in LIMBS:
            if seen[one] and seen[other]:
                pen.line(place[one], place[other], FOLLOWED if is_followed else OTHER)
    if np.isfinite(anchor).all():
        pen.dot(inverse[:2, :2] @ anchor + inverse[:2, 2], ANCHOR)


class _Pen:
    """Draws on the planes of a picture."""

    def __init__(self, picture: av.VideoFrame, width: int):
        self._planes = pictures.planes(picture)
        self._level = 1 if depth_of(picture) == 8 else LEVELS_OF_10_BITS
        self._width = width

    def line(
        self, start: Float[np.ndarray, "2"], end: Float[np.ndarray, "2"], colour: Sequence[int]
    ) -> None:
        for plane, level, half in zip(self._planes, colour, (1, 2, 2), strict=True):
            one, other = _fixed(start, half), _fixed(end, half)
            width = max(round(2 * self._width / half), 1)
            cv2.line(plane, one, other, (level * self._level,), width, cv2.LINE_8, _FINE)

    def dot(self, center: Float[np.ndarray, "2"], colour: Sequence[int]) -> None:
        for plane, level, half in zip(self._planes, colour, (1, 2, 2), strict=True):
            radius = round(3 * self._width / half * (1 << _FINE))
            at = _fixed(center, half)
            cv2.circle(plane, at, radius, (level * self._level,), cv2.FILLED, cv2.LINE_8, _FINE)


def _fixed(point: Float[np.ndarray, "2"], half: int) -> tuple[int, int]:
    """Return a luma pixel's place in a plane of a part of its size, in OpenCV's fixed point."""
    x, y = np.rint(((point + 0.5) / half - 0.5) * (1 << _FINE)).clip(-(2**24), 2**24).astype(int)
    return int(x), int(y)
