"""What is seen of a viewer beside the head: eyes and face."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.quaternion import Array, array_namespace
from dvs_jax.viewport.traces.trace import FACE, HeadTrace

EYES = 5
"""Numbers of the eyes beside the gaze."""

_TURN_DEG = 30.0
_MOST_TURNS = 2.0
_LONGEST_FIXATION_S = 1.0


class Cues(NamedTuple):
    """Of consecutive samples, float32.

    Attributes:
        gaze: [sample, 3], unit vectors in the picture's frame.
        eyes: [sample, 5], the gaze to the right and above of the head's direction, and the angle
            between, in units of 30° and within ±2; whether the eyes fixate; for how long they have,
            in seconds and up to 1.
        face: [sample, 5], as `trace.FACE` says.
    """

    gaze: Float[Array, "*batch sample 3"]
    eyes: Float[Array, "*batch sample 5"]
    face: Float[Array, "*batch sample 5"]


def of_head(direction: Float[Array, "*batch sample 3"]) -> Cues:
    """Return the cues where only the head was seen: eyes that look ahead, and a face at rest."""
    xp = array_namespace(direction)
    shape = direction.shape[:-1]
    eyes, face = (xp.zeros((*shape, count), direction.dtype) for count in (EYES, len(FACE)))
    return Cues(direction, eyes, face)


def of_trace(
    trace: HeadTrace, gaze: Float[np.ndarray, "time 3"], sample: Int[np.ndarray, "time"]
) -> Cues:
    """Return the cues at some times.

    Args:
        trace: the recording.
        gaze: at these times; the head's direction where the trace has none.
        sample: the trace's sample next to each, whose eyes and face are taken.
    """
    found = of_head(gaze.astype(np.float32))
    if trace.eye_in_head_deg is not None:
        turns = np.clip(trace.eye_in_head_deg[sample] / _TURN_DEG, -_MOST_TURNS, _MOST_TURNS)
        found.eyes[:, :3] = turns
    if trace.fixating is not None and trace.fixation_s is not None:
        found.eyes[:, 3] = trace.fixating[sample]
        found.eyes[:, 4] = np.minimum(trace.fixation_s[sample], _LONGEST_FIXATION_S)
    return found if trace.face is None else found._replace(
        face=trace.face[sample].astype(np.float32)
    )  # fmt: skip
