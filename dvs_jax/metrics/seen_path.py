"""The camera's path as a video's pictures show it; no sensor is asked."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.metrics.similarity import fit
from dvs_jax.metrics.step import watched


def seen_path(
    frames: Iterable[UInt8[np.ndarray, "height width 3"]], kept: float = 1.0
) -> Float[np.ndarray, "frame 3"]:
    """Return the sums of the steps from each picture to the next (see `step.Step.motion`).

    Args:
        frames: uint8 RGB.
        kept: the central fraction of their width and height that is looked at.

    Returns:
        float64, x and y in pixels of pictures 640 wide and roll in degrees, since the first frame:
        the camera's motion, against which the content moves. A step that too few corners tell
        counts as none.
    """
    path, before = [np.zeros(3)], None
    for frame in frames:
        now = watched(frame, kept)
        if before is not None:
            found = fit(before, now)
            motion = np.zeros(3) if found is None else np.array([*found.shift, found.roll_deg])
            path.append(path[-1] - motion)
        before = now
    return np.array(path)
