"""What is seen of a viewer beside the head: eyes and face."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from dvs_jax.quaternion import Array, array_namespace
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces.trace import FACE, HeadTrace

EYES = 5
"""Numbers of the eyes beside the gaze."""

SACCADE_DEG_S = 100.0
"""Eyes that turn faster do not fixate."""

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
        found.eyes[:, :3] = _scaled(trace.eye_in_head_deg[sample])
    if trace.fixating is not None and trace.fixation_s is not None:
        found.eyes[:, 3] = trace.fixating[sample]
        found.eyes[:, 4] = np.minimum(trace.fixation_s[sample], _LONGEST_FIXATION_S)
    return found if trace.face is None else found._replace(
        face=trace.face[sample].astype(np.float32)
    )  # fmt: skip


def of_sample(
    before: Cues,
    elapsed_s: Float[Array, ""],
    direction: Float[Array, "3"],
    gaze: Float[Array, "3"],
    face: Float[Array, "5"],
) -> Cues:
    """Return the cues of a sample while a viewer watches; the head is taken to be upright.

    Args:
        before: of the last sample.
        elapsed_s: since then.
        direction: of the head, a unit vector.
        gaze: likewise.
        face: as `trace.FACE` says.
    """
    turn_deg = jnp.degrees(sphere.distance(before.gaze, gaze))
    fixates = turn_deg <= SACCADE_DEG_S * elapsed_s
    fixation_s = jnp.minimum(before.eyes[4] + elapsed_s, _LONGEST_FIXATION_S)
    turns = _scaled(jnp.degrees(eye_in_head(direction, gaze)))
    told = jnp.stack([jnp.where(fixates, 1.0, 0.0), jnp.where(fixates, fixation_s, 0.0)])
    return Cues(gaze, jnp.concatenate([turns, told]), face)


def eye_in_head(
    direction: Float[Array, "*batch 3"], gaze: Float[Array, "*batch 3"]
) -> Float[Array, "*batch 3"]:
    """Return the gaze to the right and above of where an upright head looks, and the angle between.

    Args:
        direction: of the head, unit vectors.
        gaze: likewise.

    Returns:
        Radians.
    """
    xp = array_namespace(direction, gaze)
    x, y, z = (direction[..., axis] for axis in range(3))
    up = sphere.normalize(xp.stack([-x * z, -y * z, 1.0 - z * z], axis=-1))
    right = sphere.normalize(xp.stack([-y, x, 0.0 * z], axis=-1))
    ahead, aside, above = ((gaze * each).sum(axis=-1) for each in (direction, right, up))
    turns = [xp.arctan2(aside, ahead), xp.arcsin(xp.clip(above, -1.0, 1.0))]
    return xp.stack([*turns, sphere.distance(direction, gaze)], axis=-1)


def _scaled(turn_deg: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
    return array_namespace(turn_deg).clip(turn_deg / _TURN_DEG, -_MOST_TURNS, _MOST_TURNS)
