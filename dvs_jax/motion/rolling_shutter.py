"""Rolling shutter: how long a frame's readout takes, told by pictures, and rows put right.

A sensor that reads its rows one after the other shows each from where the camera was at that time.
Where the camera speeds up, later rows move farther from one picture to the next than earlier ones:
sideways that is a shear, up and down a stretch. How much of either goes with a change of the speed
is the readout time, and by it each row is taken from where the camera was in the middle of the
frame. (Forssén and Ringaby, "Rectifying rolling shutter video from hand-held devices", 2010, search
the rows' times too, by a camera model.)

Parallax shears and stretches as well, but goes with the speed, not with its change. Of a camera
that hardly shakes nothing can be told, and what its readout bends is little.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from dvs_jax.motion import plane, similarity
from dvs_jax.motion.tracking import Tracks

DELAY = 2
"""Frames that have to follow before a frame's rows can be put right."""

_PAIRS = 2 * DELAY + 1

_CHANGE = np.array([1.0, -8.0, 0.0, 8.0, -1.0], np.float32) / 12.0
"""From the motions of five pairs to the change of speed over the middle one: central differences
of fourth order. Those of second order see little of what shakes at a fifth of the frame rate."""

_SPEED = np.array([-1.0, 7.0, 7.0, -1.0], np.float32) / 12.0
_CHANGE_AT_FRAME = np.array([1.0, -15.0, 15.0, -1.0], np.float32) / 12.0
"""From the motions around a frame to the speed and its change there, likewise."""

_USUAL_BEND, _FEWEST = 2.0 / 640.0, 5.0
"""What else shears or stretches a pair of pictures, before the first ones have told, and for how
many pairs that counts."""

_DOUBTED, _SURE = 4.0, 6.0
"""The readout in units of its standard error from which on it counts, and counts fully."""

_LONGEST = 1.0
"""The longest readout in frame intervals: then the next frame begins."""

_SEARCH_ROUNDS = 2
"""A point's time depends on the row that it is seen in, and that on its time."""

_SLIGHTLY = 1e-6
"""Added to the diagonal of the fit's matrix, for pictures without tracks."""

Points = Float[Array, "track 2"]

Steps = Float[Array, "4 4"]
"""Motions (see `similarity.Fit`) around a frame: two up to it, and two from it on."""


class Pair(NamedTuple):
    """What a pair of pictures tells.

    Attributes:
        motion: float32 [4], see `similarity.Fit`, but of what moves along a row.
        bend: float32 [2], shear and stretch: the gradients dx/dy + dy/dx and dy/dy - dx/dx.
        known: whether enough tracks agree; where not, both are 0.
    """

    motion: Float[Array, "*pair 4"]
    bend: Float[Array, "*pair 2"]
    known: Bool[Array, "*pair"]


class Evidence(NamedTuple):
    """What the pairs of pictures so far tell of the readout: weighted sums over them.

    Attributes:
        change: of the squared changes of speed, in heights per frame interval.
        bent: of their products with the bends.
        rest: of the squares of what of the bends does not go with them.
        votes: of the weights.
        latest: the latest five pairs.
    """

    change: Float[Array, ""]
    bent: Float[Array, ""]
    rest: Float[Array, ""]
    votes: Float[Array, ""]
    latest: Pair


def no_evidence() -> Evidence:
    """Return what is known before the first pair."""
    nothing, usual = jnp.float32(0.0), jnp.float32(2.0 * _FEWEST * _USUAL_BEND**2)
    none = Pair(jnp.zeros((_PAIRS, 4)), jnp.zeros((_PAIRS, 2)), jnp.zeros(_PAIRS, bool))
    return Evidence(nothing, nothing, usual, jnp.float32(_FEWEST), none)


def after(evidence: Evidence, tracks: Tracks, aspect: Float[Array, ""]) -> Evidence:
    """Return the evidence after one more pair of pictures.

    Args:
        evidence: of the pairs before.
        tracks: of this one, in the plane of the picture.
        aspect: height over width.
    """
    latest = jax.tree.map(_pushed, evidence.latest, _told(*tracks))
    change = _CHANGE @ latest.motion[:, :2] / aspect
    bend = latest.bend[DELAY]
    beside = bend - _found(evidence) * change
    # Whether a readout explains the bend is not known yet, so its absence may explain it too.
    rest = jnp.minimum((beside**2).sum(), (bend**2).sum())
    weight = latest.known.all() / (1.0 + 0.5 * rest * evidence.votes / evidence.rest)
    return Evidence(
        evidence.change + weight * (change**2).sum(),
        evidence.bent + weight * (change * bend).sum(),
        evidence.rest + weight * rest,
        evidence.votes + weight,
        latest,
    )


def _pushed(queue: Array, item: Array) -> Array:
    return jnp.concatenate([queue[1:], item[None]])


def _told(earlier: Points, later: Points, known: Bool[Array, "track"]) -> Pair:
    """Return what the tracks of a pair tell: an affine map, robustly.

    It begins with the rows that one similarity explains; others join as their bend is known.
    """
    start = later - similarity.moved(earlier, similarity.consensus(earlier, later, known))

    def refit(_: int, left: Points) -> Points:
        fitted = _affine(earlier, later, similarity.weights(left, known))
        return later - fitted[0][None] - earlier @ fitted[1:]

    left = jax.lax.fori_loop(0, similarity.ROUNDS, refit, start)
    shift, across, down = _affine(earlier, later, similarity.weights(left, known))
    # A row is read at one time: what changes along it is the motion's own.
    motion = jnp.stack([*shift, across[1], across[0] - 1.0])
    bend = jnp.stack([down[0] + across[1], down[1] - across[0]])
    agree = similarity.explained(left, known) & jnp.isfinite(jnp.concatenate([motion, bend])).all()
    return Pair(jnp.where(agree, motion, 0.0), jnp.where(agree, bend, 0.0), agree)


def _affine(earlier: Points, later: Points, weight: Float[Array, "track"]) -> Float[Array, "3 2"]:
    """Return the shift, and to where an affine map takes the unit vectors."""
    basis = jnp.concatenate([jnp.ones_like(earlier[:, :1]), earlier], axis=-1)
    weighted = weight[:, None] * basis
    return jnp.linalg.solve(weighted.T @ basis + _SLIGHTLY * jnp.eye(3), weighted.T @ later)


def _found(evidence: Evidence) -> Float[Array, ""]:
    return evidence.bent / jnp.maximum(evidence.change, 1e-12)


def readout(evidence: Evidence) -> Float[Array, ""]:
    """Return the time from the first row to the last, in frame intervals; 0 if it is not told."""
    found = _found(evidence)
    variance = 0.5 * evidence.rest / evidence.votes / jnp.maximum(evidence.change, 1e-12)
    trust = (found / jnp.sqrt(variance) - _DOUBTED) / (_SURE - _DOUBTED)
    return jnp.clip(trust, 0.0, 1.0) * jnp.clip(found, 0.0, _LONGEST)


def steps(evidence: Evidence) -> Steps:
    """Return the motions around the latest frame but two; for one not known the nearest."""
    motion, known = evidence.latest.motion[1:], evidence.latest.known[1:]
    nearest_first = np.array([[0, 1, 2, 3], [1, 2, 0, 3], [2, 1, 3, 0], [3, 2, 1, 0]])
    which = jnp.argmax(known[nearest_first], axis=1)
    return motion[jnp.take_along_axis(jnp.asarray(nearest_first), which[:, None], axis=1)[:, 0]]


def in_its_row(
    point: Float[Array, "*point 2"],
    steps: Steps,
    readout: Float[Array, ""],
    aspect: Float[Array, ""],
) -> Float[Array, "*point 2"]:
    """Return where a frame shows what was at a point in the middle of its readout.

    Args:
        point: in the plane of the picture.
        steps: the motions around the frame.
        readout: see `readout`.
        aspect: height over width.
    """
    speed, change = _SPEED @ steps, _CHANGE_AT_FRAME @ steps
    seen = point
    for _ in range(_SEARCH_ROUNDS):
        time = readout * seen[..., 1] / aspect
        motion = jnp.multiply.outer(time, speed) + jnp.multiply.outer(0.5 * time**2, change)
        seen = plane.turned(point, motion) + motion[..., :2]
    return seen
