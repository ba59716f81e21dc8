"""What a made-up viewer's eyes and face show, as a recorder would write it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.viewport import cues, sphere
from dvs_jax.viewport.traces.trace import FACE

_LIVELY, _DULL, _UNSTEADY = 0.7, 0.2, 0.1
"""How active the face of a viewer is who follows, of one who does not, and its deviation."""


class Eyes(NamedTuple):
    """As in `HeadTrace`, float64 [sample, ...]."""

    eye_in_head_deg: Float[np.ndarray, "sample 3"]
    fixating: Bool[np.ndarray, "sample"]
    fixation_s: Float[np.ndarray, "sample"]


def eyes(
    direction: Float[np.ndarray, "sample 3"], gaze: Float[np.ndarray, "sample 3"], rate: float
) -> Eyes:
    """Return what the eyes of an upright head do.

    Args:
        direction: of the head, unit vectors.
        gaze: of the eyes.
        rate: samples a second.
    """
    speed = np.degrees(sphere.distance(gaze[:-1], gaze[1:])) * rate
    moved = np.append(False, speed > cues.SACCADE_DEG_S)
    number = np.arange(len(gaze))
    since = np.maximum.accumulate(np.where(moved, number, 0))
    turns_deg = np.degrees(cues.eye_in_head(direction, gaze))
    return Eyes(turns_deg, ~moved, (number - since) / rate)


def face(
    rng: np.random.Generator, follows: Bool[np.ndarray, "sample"]
) -> Float[np.ndarray, "sample 5"]:
    """Return a face that is active while the viewer follows; what else it shows means nothing."""
    shown = _UNSTEADY * np.abs(rng.standard_normal((len(follows), len(FACE))))
    shown[:, FACE.index("activity")] += np.where(follows, _LIVELY, _DULL)
    return np.clip(shown, 0.0, 1.0)
