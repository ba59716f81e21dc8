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
from dvs_jax.motion.queue import pushed
from dvs_jax.motion.tracking import Tracks

DELAY = 2
"""Frames that have to follow before a frame's rows can be put right."""

_PAIRS = 2 * DELAY + 1

_CHANGE = np.array([1.0, -8.0, 0.0, 8.0, -1.0], np.float32) / 12.0
"""From the motions of five pairs to the change of speed over the middle one: central differences
of fourth order. Those of second order see three quarters of what shakes at a fifth of the frame
rate."""

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

_SLIGHTLY = 1e-3
"""Added to the diagonal of the fit's matrix, for pictures whose tracks all lie on a line."""

Points = Float[Array, "track 2"]

Steps = Float[Array, "4 4"]
"""[pair, motion] around a frame, float32: the motions (see `similarity.Fit`) of the two pairs up to
it, and of the two from it on."""


class Pair(NamedTuple):
    """What a pair of pictures tells, or several do.

    Attributes:
        motion: float32 [4], see `similarity.Fit`, but of what moves along a row.
        bend: float32 [2], shear and stretch: the gradients dx/dy + dy/dx and dy/dy - dx/dx.
        known: whether enough tracks agree; where not, both are 0.
    """

    motion: Float[Array, "*pair 4"]
    bend: Float[Array, "*pair 2"]
    known: Bool[Array, "*pair"]


class Evidence(NamedTuple):
    """What the pairs of pictures so far tell of the readout: weighted sums over them, float32.

    Attributes:
        change: of the squares of how the speed changes, in heights per frame interval, from one
            frame to the next.
        bent: of the products of these changes and the bends, which have no unit.
        rest: of the squares of what of the bends does not go with the changes.
        votes: of the weights.
        latest: the latest five pairs, oldest first.
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
        tracks: of this one, in the plane of the picture: float32 [track, 2], in widths.
        aspect: height over width.
    """
    latest = jax.tree.map(pushed, evidence.latest, _told(*tracks))
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


def _told(earlier: Points, later: Points, known: Bool[Array, "track"]) -> Pair:
    """Return what the tracks of a pair tell: an affine map, robustly.

    It begins with the rows that one similarity explains; others join as their bend is known.
    """
    start = later - similarity.moved(earlier, similarity.consensus(earlier, later, known))

    def refit(_: int, left: Points) -> Points:
        shift, *gradient = _affine(earlier, later, similarity.weights(left, known))
        return later - earlier - shift[None] - earlier @ jnp.stack(gradient)

    left = jax.lax.fori_loop(0, similarity.ROUNDS, refit, start)
    shift, across, down = _affine(earlier, later, similarity.weights(left, known))
    # A row is read at one time: what changes along it is the motion's own.
    motion = jnp.stack([*shift, across[1], across[0]])
    bend = jnp.stack([down[0] + across[1], down[1] - across[0]])
    agree = similarity.explained(left, known) & jnp.isfinite(jnp.concatenate([motion, bend])).all()
    return Pair(jnp.where(agree, motion, 0.0), jnp.where(agree, bend, 0.0), agree)


def _affine(earlier: Points, later: Points, weight: Float[Array, "track"]) -> Float[Array, "3 2"]:
    """Return by how much an affine map shifts the centre, and the shift's gradients along x and y.

    Those that the tracks do not tell, as all lie on one line, are 0.
    """
    share = weight / jnp.maximum(weight.sum(), 1e-9)
    place, shift = share @ earlier, share @ (later - earlier)
    from_, beside = earlier - place[None], later - earlier - shift[None]
    weighted = weight[:, None] * from_
    matrix = weighted.T @ from_ + _SLIGHTLY * jnp.eye(2)
    gradient = jnp.linalg.solve(matrix, weighted.T @ beside)
    return jnp.concatenate([(shift - place @ gradient)[None], gradient])


def _found(evidence: Evidence) -> Float[Array, ""]:
    return evidence.bent / jnp.maximum(evidence.change, 1e-12)


def readout(evidence: Evidence) -> Float[Array, ""]:
    """Return the time from the top row to the bottom one, in frame intervals, 0 to 1.

    It is 0 if the pictures do not tell it, or tell that rows are read from the bottom up.
    """
    found = _found(evidence)
    variance = 0.5 * evidence.rest / evidence.votes / jnp.maximum(evidence.change, 1e-12)
    trust = (found / jnp.sqrt(variance) - _DOUBTED) / (_SURE - _DOUBTED)
    return jnp.clip(trust, 0.0, 1.0) * jnp.clip(found, 0.0, _LONGEST)


def steps(evidence: Evidence) -> Steps:
    """Return the motions around the latest frame but two.

    For one that is not known, or that lies beyond such a one, as beyond a cut, the nearest stands;
    0 where there is none.
    """
    motion, known = evidence.latest.motion[1:], evidence.latest.known[1:]
    valid = known & jnp.stack([known[1], known[1], known[2], known[2]])
    nearest_first = np.array([[0, 1, 2, 3], [1, 2, 0, 3], [2, 1, 3, 0], [3, 2, 1, 0]])
    which = jnp.argmax(valid[nearest_first], axis=1)
    nearest = jnp.take_along_axis(jnp.asarray(nearest_first), which[:, None], axis=1)[:, 0]
    return jnp.where(valid[:, None], motion, 0.0)[nearest]


def in_its_row(
    point: Float[Array, "*point 2"],
    steps: Steps,
    readout: Float[Array, ""],
    aspect: Float[Array, ""],
) -> Float[Array, "*point 2"]:
    """Return where a frame shows what was at a point in the middle of its readout.

    Args:
        point: float32 [point, 2], (x, y) in the plane of the picture, in widths.
        steps: the motions around the frame.
        readout: from the top row to the bottom one, in frame intervals.
        aspect: height over width.

    Returns:
        Likewise.
    """
    speed, change = _SPEED @ steps, _CHANGE_AT_FRAME @ steps
    seen = point
    for _ in range(_SEARCH_ROUNDS):
        time = readout * seen[..., 1] / aspect
        motion = jnp.multiply.outer(time, speed) + jnp.multiply.outer(0.5 * time**2, change)
        seen = plane.turned(point, motion) + motion[..., :2]
    return seen
