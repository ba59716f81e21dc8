"""Head movements at the rate of predictions: five samples a second of the video's clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.viewport import cues, sphere
from dvs_jax.viewport.cues import Cues
from dvs_jax.viewport.traces import playback
from dvs_jax.viewport.traces.trace import HeadTrace

RATE = 5
"""Samples a second."""


@dataclass(frozen=True)
class Track:
    """A viewer's directions at whole fifths of a second of a video.

    Attributes:
        viewer: who.
        video: which.
        first: the first sample's number; sample 0 is at the video's begin.
        direction: float32 [N, 3], unit vectors in the picture's frame.
        valid: bool [N].
        cues: of eyes and face, [N, ...]; None where nothing but the head is known.
    """

    viewer: str
    video: str
    first: int
    direction: Float[np.ndarray, "sample 3"]
    valid: Bool[np.ndarray, "sample"]
    cues: Cues | None = None


def track(trace: HeadTrace) -> Track:
    """Interpolate a trace along great circles; gaps over 0.3 s and invalid samples stay invalid."""
    # Times such as 0.2 s are written with few digits.
    begin = math.ceil(trace.time_s[0] * RATE - 1e-6)
    end = math.floor(trace.time_s[-1] * RATE + 1e-6)
    at_s = np.clip(np.arange(begin, end + 1) / RATE, trace.time_s[0], trace.time_s[-1])
    before, share, valid = playback.bridged(trace.time_s, trace.valid, at_s)
    direction = sphere.slerp(trace.direction[before], trace.direction[before + 1], share)
    gaze = direction
    if trace.gaze is not None:
        gaze = sphere.slerp(trace.gaze[before], trace.gaze[before + 1], share)
    seen = cues.of_trace(trace, gaze, before + (share > 0.5))
    return Track(trace.viewer, trace.video, begin, direction.astype(np.float32), valid, seen)


def on_clock(watched: Sequence[Track]) -> Float[np.ndarray, "viewer step 3"]:
    """Return the directions of viewers of one video from its begin; NaN where they are not known.

    Args:
        watched: their tracks; what lies before the video's begin is left out.
    """
    length = max(each.first + len(each.direction) for each in watched)
    found = np.full((len(watched), length, 3), np.nan, np.float32)
    for row, each in zip(found, watched, strict=True):
        number = each.first + np.arange(len(each.direction))
        usable = each.valid & (number >= 0)
        row[number[usable]] = each.direction[usable]
    return found
