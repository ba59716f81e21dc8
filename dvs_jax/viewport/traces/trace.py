"""Where a viewer looked while a 360° video played."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

SHORTEST_S = 8.0
"""A shorter trace has no window: 3 s of past, 5 s of future."""

LONGEST_GAP_S = 0.3
"""Longer gaps between samples are not bridged."""

FACE = ("activity", "brow_down", "jaw_open", "eye_closed", "outer_brow_raised")
"""What `HeadTrace.face` holds, each 0 to 1; sides are averaged."""


@dataclass(frozen=True)
class HeadTrace:
    """A viewer's movements on the video's clock, in the picture's frame (see `sphere`).

    Attributes:
        viewer: who.
        video: which.
        time_s: float64 [N], seconds of the video, rising.
        direction: float64 [N, 3], unit vectors.
        valid: bool [N]; nothing may be interpolated from a sample that is not valid.
        gaze: float64 [N, 3], unit vectors, where the eyes look; the head's direction where they
            were not seen. None if eyes were not recorded; so are the next three.
        eye_in_head_deg: float64 [N, 3], degrees: the gaze to the right and above of where the head
            looks, in its own axes, and the angle between the two.
        fixating: bool [N].
        fixation_s: float64 [N], how long the fixation has lasted.
        face: float64 [N, 5], as `FACE` says; 0 where the face was not seen; None if not recorded.
    """

    viewer: str
    video: str
    time_s: Float[np.ndarray, "sample"]
    direction: Float[np.ndarray, "sample 3"]
    valid: Bool[np.ndarray, "sample"]
    gaze: Float[np.ndarray, "sample 3"] | None = None
    eye_in_head_deg: Float[np.ndarray, "sample 3"] | None = None
    fixating: Bool[np.ndarray, "sample"] | None = None
    fixation_s: Float[np.ndarray, "sample"] | None = None
    face: Float[np.ndarray, "sample 5"] | None = None
