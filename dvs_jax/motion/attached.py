"""What is fixed to the camera: a car's bonnet, a handlebar, a caption in the picture.

It stands in the picture while the scene shakes. Where most corners lie on it, the consensus of all
would be that the camera is still. What moves before a camera that is still indeed is told apart by
three things: it ends within the picture, it is not rigid, or it moves evenly, as a train does,
where a shaken camera's picture jerks.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from dvs_jax.motion import plane, similarity
from dvs_jax.motion.tracking import Tracks

CELLS = 12
"""The picture is divided into so many cells along each side."""

_PIXEL = 1.0 / 640.0
"""Pixel of a picture whose longer side has 640."""

_STANDS = 0.25 * _PIXEL
"""What moves less in a step stands."""

_SHAKES, _UNEVEN = 0.7 * _PIXEL, 0.25
"""A picture jerks where its step is longer than this, and differs from the step before by more than
this and by more than this share of itself."""

_RIGID = 0.6
"""Share of what moves that has to be near one similarity."""

_ALIKE = 0.5
"""A track moves with the scene if it differs from the scene's step there by less than this share of
it, or less than `_SHAKES`."""

_BORDER, _FEWEST_AT_BORDER = 1.0 / 6.0, 3
"""Share of the width that is the left or the right border, and tracks there that show that a scene
reaches it."""

_FEWEST, _MOST = 6.0, 60.0
"""A cell counts as having at least so many votes; and so many are remembered."""

_MOSTLY, _PARTLY = 0.8, 0.4
"""Shares of a cell's votes above which all in it, and what stands in it, is fixed."""

_HARDLY, _FEWEST_BESIDE = 0.05, 2
"""The share above which all in it is, where it is in so many of the cells around it."""

Flags = Bool[Array, "track"]
Points = Float[Array, "track 2"]


class Evidence(NamedTuple):
    """What the steps so far tell of each cell of the picture.

    Attributes:
        stood: float32 [cell], votes that what is there is fixed to the camera, one a step.
        votes: float32 [cell], all votes.
        motion: float32 [4], of the scene in the last step (see `similarity.Fit`), over a plane in
            which the picture's longer side is 1.
        known: whether that motion is known.
    """

    stood: Float[Array, "cell"]
    votes: Float[Array, "cell"]
    motion: Float[Array, "4"]
    known: Bool[Array, ""]


def no_evidence() -> Evidence:
    """Return what is known before the first step."""
    none = jnp.zeros(CELLS**2, jnp.float32)
    return Evidence(none, none, jnp.zeros(4, jnp.float32), jnp.asarray(False))


def after(evidence: Evidence, tracks: Tracks, sides: Float[Array, "2"]) -> Evidence:
    """Return the evidence after one more step.

    Args:
        evidence: of the steps before.
        tracks: of the step, in fractions of the source frame.
        sides: the frame's width and height, of which the longer is 1.
    """
    stands = _stands(tracks, sides)
    moving, standing = tracks.known & ~stands, tracks.known & stands
    many, some_stand = (each.sum() >= similarity.FEWEST for each in (moving, standing))
    resting = evidence._replace(motion=jnp.zeros(4, jnp.float32), known=~many & some_stand)
    return jax.lax.cond(
        many & (some_stand | evidence.votes.any()),
        lambda: _voted(evidence, tracks, sides, moving, standing),
        lambda: resting,
    )


def of_scene(evidence: Evidence, tracks: Tracks, sides: Float[Array, "2"]) -> Flags:
    """Return which tracks are of the scene: neither fixed to the camera nor moving before it.

    Tracks that are not known are among them.
    """
    stands = _stands(tracks, sides)
    share = evidence.stood / jnp.maximum(evidence.votes, _FEWEST)
    wholly, partly = (each[_cell(tracks)] for each in (_wholly_fixed(share), share > _PARTLY))
    fixed = wholly | (partly & stands)
    moving, standing = tracks.known & ~stands, tracks.known & stands
    there, moving_there = _at_sides(tracks, standing & ~fixed), _at_sides(tracks, moving)
    camera_stands = (there >= jnp.maximum(2 * moving_there, 2 * _FEWEST_AT_BORDER)).all()
    return ~fixed & (stands | ~camera_stands)


def _wholly_fixed(share: Float[Array, "cell"]) -> Bool[Array, "cell"]:
    """Return in which cells nothing is of the scene.

    Where a fixed thing ends, the windows by which corners are tracked hold some of it and some of
    the scene, and tell of neither.
    """
    mostly = (share > _MOSTLY).reshape(CELLS, CELLS).astype(int)
    around = jax.lax.reduce_window(mostly, 0, jax.lax.add, (3, 3), (1, 1), "SAME").reshape(-1)
    return (share > _MOSTLY) | ((around >= _FEWEST_BESIDE) & (share > _HARDLY))


def _voted(
    evidence: Evidence, tracks: Tracks, sides: Float[Array, "2"], moving: Flags, standing: Flags
) -> Evidence:
    earlier, later = ((each - 0.5) * sides[None] for each in tracks[:2])
    found = similarity.fit(earlier, later, moving)
    near = found.weight > 0
    step, before = (_step(earlier, each) for each in (found.motion, evidence.motion))
    length = _length(step)
    alike = moving & (_length(later - earlier - step) < jnp.maximum(_ALIKE * length, _SHAKES))
    wide = (_at_sides(tracks, alike) >= _FEWEST_AT_BORDER).all()
    one_scene = found.explains & (near.sum() > _RIGID * moving.sum()) & wide
    jerks = (length > _SHAKES) & (_length(step - before) > jnp.maximum(_SHAKES, _UNEVEN * length))
    tells, cell = jerks & one_scene & evidence.known, _cell(tracks)
    stands, moves = (_cells(cell, tells & each) for each in (standing, near))
    stood, votes = evidence.stood + stands, evidence.votes + stands + moves
    kept = jnp.minimum(_MOST / jnp.maximum(votes, 1.0), 1.0)
    return Evidence(kept * stood, kept * votes, found.motion, one_scene)


def _cells(cell: Int[Array, "track"], flags: Flags) -> Float[Array, "cell"]:
    """Return 1 for each cell in which a track has a flag."""
    return jnp.zeros(CELLS**2, jnp.float32).at[cell].max(flags.astype(jnp.float32))


def _at_sides(tracks: Tracks, flags: Flags) -> Int[Array, "2"]:
    """Return how many of some tracks are at the left of the picture and at its right.

    A scene goes on beyond both. A person before the camera may reach from the top to the bottom.
    """
    across = tracks.earlier[:, 0]
    sides = jnp.stack([across < _BORDER, across > 1.0 - _BORDER])
    return (sides & flags[None]).sum(axis=1)


def _step(point: Points, motion: Float[Array, "4"]) -> Points:
    """Return by how much a motion moves points of a picture."""
    return plane.turned(point, motion) + motion[None, :2] - point


def _stands(tracks: Tracks, sides: Float[Array, "2"]) -> Flags:
    return _length((tracks.later - tracks.earlier) * sides[None]) < _STANDS


def _length(vector: Points) -> Float[Array, "track"]:
    return jnp.sqrt((vector**2).sum(axis=-1))


def _cell(tracks: Tracks) -> Int[Array, "track"]:
    place = jnp.clip((tracks.earlier * CELLS).astype(int), 0, CELLS - 1)
    return CELLS * place[:, 1] + place[:, 0]
