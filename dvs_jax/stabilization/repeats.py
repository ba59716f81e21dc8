"""Pictures that repeat the one before: in place of a lost frame, or to fill up a frame rate."""

from collections.abc import Iterable, Iterator

import av
import numpy as np

from dvs_jax.stabilization.framing import Shown
from dvs_jax.video.picture import planes

_SPACING = 64
"""Rows between those that are compared first, which nearly always are enough."""


def with_grids(
    shown: Iterable[tuple[av.VideoFrame, Shown]],
) -> Iterator[tuple[av.VideoFrame, Shown, Shown]]:
    """Yield each picture with its frame and with the one that it is drawn by.

    A picture that repeats the one before was taken when that was, so it is drawn by the same grid.
    By its own it would jump, and back with the next.
    """
    last: av.VideoFrame | None = None
    for picture, frame in shown:
        if last is None or not _repeats(picture, last):
            drawn_by = frame
        last = picture
        yield picture, frame, drawn_by


def _repeats(picture: av.VideoFrame, last: av.VideoFrame) -> bool:
    if picture is last:
        return True
    luma, before = planes(picture)[0], planes(last)[0]
    return np.array_equal(luma[::_SPACING], before[::_SPACING]) and all(
        np.array_equal(one, other) for one, other in zip(planes(picture), planes(last), strict=True)
    )
