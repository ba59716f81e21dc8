"""The frames of a video about each fifth of a second, for which saliency is told."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from dvs_jax.viewport.tracks import RATE

Frame = UInt8[np.ndarray, "height width 3"]


def around(
    frames: Iterable[Frame],
    time_s: Float[np.ndarray, "frame"],
    together: int,
    size: tuple[int, int],
) -> Iterator[UInt8[np.ndarray, "together height width 3"]]:
    """Yield, for each fifth of a second from the first frame to the last, frames about it.

    Frames are read as they are needed, and kept no longer than that.

    Args:
        frames: equirectangular RGB, in order.
        time_s: when each is shown, rising.
        together: consecutive frames to yield, an odd number; the middle one is the nearest to the
            instant. At the video's ends the first and the last are repeated.
        size: width and height to which they are reduced.
    """
    wanted = numbers(time_s, together)
    needed = set(wanted.ravel().tolist())
    numbered = enumerate(frames)
    kept: dict[int, np.ndarray] = {}
    for row in wanted:
        kept = {number: frame for number, frame in kept.items() if number >= row[0]}
        while row[-1] not in kept:
            number, frame = next(numbered)
            if number in needed:
                kept[number] = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
        yield np.stack([kept[number] for number in row])


def numbers(
    time_s: Float[np.ndarray, "frame"], together: int
) -> Int[np.ndarray, "instant together"]:
    """Return the numbers of the frames about each fifth of a second; see `around`."""
    since = time_s - time_s[0]
    at_s = np.arange(int(since[-1] * RATE + 1e-6) + 1) / RATE
    nearest = np.searchsorted((since[:-1] + since[1:]) / 2.0, at_s - 1e-6)
    side = together // 2
    return np.clip(nearest[:, None] + np.arange(-side, side + 1), 0, len(time_s) - 1)
