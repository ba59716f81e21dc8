"""Clips cut into windows of 32 frames that overlap by half, and the windows' maps joined again."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import quaternion
from dvs_jax.stabgan.farneback import Flow, Grey, flow_between
from dvs_jax.stabgan.official_generator import FRAMES

HOP = FRAMES // 2

_SHARE = np.minimum(np.arange(FRAMES) + 0.5, FRAMES - 0.5 - np.arange(FRAMES)) / HOP
"""How much each frame of a window counts: those of two that overlap add up to 1."""

Rgb = UInt8[np.ndarray, "height width 3"]


class Window(NamedTuple):
    """Consecutive frames.

    Attributes:
        frames: RGB.
        flow: float32 (x, y) in pixels, from the frame before to each; zero for the first.
    """

    frames: UInt8[quaternion.Array, "32 height width 3"]
    flow: Float[quaternion.Array, "32 height width 2"]


def windows(
    frames: Iterator[Rgb],
) -> Iterator[
    tuple[UInt8[np.ndarray, "32 height width 3"], Float[np.ndarray, "32 height width 2"]]
]:
    """Yield windows of frames and of the flow to each from the one before.

    A window begins every 16 frames, and the last frame of all is in none but the last, or the last
    two. The first frame of a window has no flow.
    """
    kept: list[tuple[Rgb, Flow]] = []
    before: Grey | None = None
    fresh = 0
    for frame in frames:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        kept.append((frame, flow_between(grey if before is None else before, grey)))
        before, fresh = grey, fresh + 1
        if len(kept) == FRAMES:
            yield _window(kept)
            kept, fresh = kept[HOP:], 0
    if fresh:
        still = kept[-1][0], np.zeros_like(kept[-1][1])
        yield _window(kept + [still] * (FRAMES - len(kept)))


def _window(kept: list[tuple[Rgb, Flow]]) -> Window:
    frames, flow = map(np.stack, zip(*kept, strict=True))
    flow[0] = 0.0
    return Window(frames, flow)


def blended(
    maps: Iterator[Float[np.ndarray, "32 2 3"]], count: int
) -> Iterator[Float[np.ndarray, "2 3"]]:
    """Yield the affine map of each frame from those of windows that overlap by half.

    Args:
        maps: of each window.
        count: the number of frames.
    """
    share = np.broadcast_to(_SHARE[:, None, None], (FRAMES, 2, 3))
    first = True
    told = 0
    for window in maps:
        weighted = share * window
        if first:
            # Nothing overlaps the very first frames.
            ending, first = window[:HOP] * (1.0 - share[:HOP]), False
        done = ending + weighted[:HOP]
        yield from done[: count - told]
        told += min(HOP, count - told)
        ending, last = weighted[HOP:], window[HOP:]
    if told < count:
        yield from last[: count - told]
