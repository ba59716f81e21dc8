"""The path that the steadied camera takes: smooth, within the crop, with a bounded look-ahead.

Whittaker's penalised least squares (third differences; Eilers, "A perfect smoother", 2003) over a
window that slides with the frames: what has been shown already stands, as strongly weighted data;
frames that wait are known; beyond them the path is predicted. Where the crop would be left, the
same quadratic cost is minimised under the crop's bounds on the picture's corners (ADMM; Boyd and
others, "Distributed optimization and statistical learning via the alternating direction method of
multipliers", 2011). The window's matrices do not change from frame to frame, so each is inverted
once, in float64 on the host.
"""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from dvs_jax.motion import plane

CUTOFF_HZ = 0.5
"""Motion that is faster is taken out."""

PAST_S, BEYOND_S = 1.0, 0.5
"""How long what was shown is remembered, and how far the path is predicted."""

_SHOWN_WEIGHT, _PREDICTED_WEIGHT, _NO_WEIGHT = 1e4, 0.1, 1e-6
_SPEED_OVER_S = 0.7
"""The prediction goes on with the latest frames' mean speed: even turns have no lag."""

_PENALTIES = (30.0, 300.0, 3000.0)
"""ADMM's weights of the bounds: a light one comes close to the best plan, heavier ones then reach
the bounds in few rounds where shake is strong."""

_ROUNDS = 40
"""Rounds with each of them at most."""

_TOLERANCE = 2e-4
"""In widths: an eighth of a pixel 640 wide."""


class Law(NamedTuple):
    """What a window's plan is computed by; float32.

    Attributes:
        smooth: [waiting, known], from what is known, shown and waiting, to the plan without bounds.
        pull: [window, known], from what is known to the weighted data of all of the window.
        place: [penalty, window, window], from weighted data to the plan under each of ADMM's
            penalties, for x and y.
        turn: likewise for roll and log zoom.
    """

    smooth: Float[Array, "waiting known"]
    pull: Float[Array, "window known"]
    place: Float[Array, "penalty window window"]
    turn: Float[Array, "penalty window window"]


class Laws(NamedTuple):
    """The laws of a clip.

    Attributes:
        within: while frames follow.
        ending: when the last frame is known: nothing is predicted.
        first: [past, waiting], from the frames that wait at the beginning to a past that leads up
            to them smoothly.
        corner: [4, 2], the corners of what is shown, in the plane of the picture.
    """

    within: Law
    ending: Law
    first: Float[Array, "past waiting"]
    corner: Float[Array, "4 2"]


def past_frames(rate: float) -> int:
    """Return how many shown frames are remembered."""
    return max(round(PAST_S * rate), 3)


@lru_cache(16)
def laws(rate: float, ahead: int, corner: tuple[float, float]) -> Laws:
    """Return the laws for clips of a frame rate.

    Args:
        rate: frames per second.
        ahead: look-ahead in frames.
        corner: (x, y) of the lower right corner of what is shown, in the plane of the picture.
    """
    corners = np.array([(x, y) for x in (-1.0, 1.0) for y in (-1.0, 1.0)]) * corner
    squared = float((corners**2).sum())
    shape = past_frames(rate), ahead + 1, round(BEYOND_S * rate)
    weights = (_SHOWN_WEIGHT, 1.0, _PREDICTED_WEIGHT), (_SHOWN_WEIGHT, 1.0, _NO_WEIGHT)
    within, ending = (_law(rate, shape, each, squared) for each in weights)
    return Laws(within, ending, _first(rate, shape), jnp.asarray(corners, jnp.float32))


def _law(
    rate: float,
    shape: tuple[int, int, int],
    weights: tuple[float, float, float],
    squared: float,
) -> Law:
    """Return the law for weights of what is shown, waits and lies beyond.

    Args:
        rate: frames per second.
        shape: how many frames are shown, wait and lie beyond.
        weights: of their data.
        squared: the sum of the corners' squared distances from the centre.
    """
    weight = np.repeat(weights, shape)
    bounded = np.repeat((0.0, 1.0, 0.0), shape)
    free, place, turn = (
        np.linalg.inv(
            _roughness(rate, len(weight)) + [np.diag(weight + each * bounded) for each in own]
        )
        for own in (
            [0.0],
            [4.0 * each for each in _PENALTIES],
            [squared * each for each in _PENALTIES],
        )
    )
    known = np.concatenate([np.eye(shape[0] + shape[1]), _prediction(rate, shape)])
    pull = weight[:, None] * known
    smooth = (free[0] @ pull)[shape[0] : shape[0] + shape[1]]
    return Law(*(jnp.asarray(each, jnp.float32) for each in (smooth, pull, place, turn)))


def _roughness(rate: float, length: int) -> Float[np.ndarray, "window window"]:
    """Return the matrix of the squared third differences, weighted for the cutoff."""
    third = np.diff(np.eye(length), n=3, axis=0)
    return (2.0 * np.sin(np.pi * CUTOFF_HZ / rate)) ** -6.0 * third.T @ third


def _prediction(rate: float, shape: tuple[int, int, int]) -> Float[np.ndarray, "beyond known"]:
    """Return the continuation of the straight line through the latest frames."""
    known, beyond = shape[0] + shape[1], shape[2]
    latest = min(max(round(_SPEED_OVER_S * rate), 3), known)
    line = np.linalg.pinv(np.stack([np.ones(latest), np.arange(latest) - latest + 1.0], axis=-1))
    way = np.arange(1.0, beyond + 1.0)
    predicted = np.zeros((beyond, known))
    predicted[:, known - latest :] = line[0] + way[:, None] * line[1]
    return predicted


def _first(rate: float, shape: tuple[int, int, int]) -> Float[Array, "past waiting"]:
    """Return what makes a past of the frames that wait: their own smooth curve, continued back."""
    past, waiting = shape[:2]
    weight = np.repeat((1e-3 * _NO_WEIGHT, 1.0), (past, waiting))
    smooth = np.linalg.inv(_roughness(rate, past + waiting) + np.diag(weight))[:past, past:]
    return jnp.asarray(smooth, jnp.float32)


def plan(
    law: Law,
    known: Float[Array, "known 4"],
    corner: Float[Array, "4 2"],
    room: Float[Array, "2 waiting 4 2"],
) -> Float[Array, "waiting 4"]:
    """Return the cameras of the plan for the frames that wait.

    Args:
        law: of the window.
        known: cameras over the plane of the first waiting frame: those that were shown, then the
            real ones of the frames that wait.
        corner: as in `Laws`.
        room: how far each corner of what is shown may be moved at least (negative) and at most, in
            each waiting frame.
    """
    real, free = known[-room.shape[1] :], law.smooth @ known
    waiting = slice(len(known) - len(real), len(known))
    pull = law.pull @ known
    own = jnp.stack([4.0, 4.0, *[(corner**2).sum()] * 2])[None] * real

    def nearer(state: _Search) -> _Search:
        stage = state.rounds // _ROUNDS
        penalty = jnp.asarray(_PENALTIES)[stage]
        # The least squares know straight shifts only; by how much the true ones bend is as before.
        bend = corner_shifts(real, state.found, corner) - _straight(state.found - real, corner)
        drawn = penalty * own + _gathered(penalty * (state.within - bend) - state.price, corner)
        right = pull.at[waiting].add(drawn)
        parts = law.place[stage] @ right[:, :2], law.turn[stage] @ right[:, 2:]
        found = jnp.concatenate(parts, axis=-1)[waiting]
        shift = corner_shifts(real, found, corner)
        within = jnp.clip(shift + state.price / penalty, room[0], room[1])
        price = state.price + penalty * (shift - within)
        return _Search(state.rounds + 1, found, within, price)

    def outside(state: _Search) -> Bool[Array, ""]:
        shift = corner_shifts(real, state.found, corner)
        further = jnp.maximum(room[0] - shift, shift - room[1]).max()
        return (further > _TOLERANCE) & (state.rounds < _ROUNDS * len(_PENALTIES))

    within = jnp.clip(corner_shifts(real, free, corner), room[0], room[1])
    start = _Search(jnp.zeros((), int), free, within, jnp.zeros_like(within))
    return jax.lax.while_loop(outside, nearer, start).found


class _Search(NamedTuple):
    """The state of ADMM: the plan, the corners' shifts within the bounds, and the dual."""

    rounds: Int[Array, ""]
    found: Float[Array, "waiting 4"]
    within: Float[Array, "waiting 4 2"]
    price: Float[Array, "waiting 4 2"]


def corner_shifts(
    real: Float[Array, "frame 4"], planned: Float[Array, "frame 4"], corner: Float[Array, "4 2"]
) -> Float[Array, "frame 4 2"]:
    """Return by how much each corner of what is shown looks elsewhere, in its frame's own scale."""
    relative = plane.seen_from(real, planned)
    return jax.vmap(lambda camera: plane.plane_of(corner, camera) - corner)(relative)


def _straight(
    camera: Float[Array, "frame 4"], corner: Float[Array, "4 2"]
) -> Float[Array, "frame 4 2"]:
    """Return the corners' shifts for small differences of cameras over one plane."""
    place, roll, zoom = camera[:, None, :2], camera[:, None, 2:3], camera[:, None, 3:]
    return place - roll * _across(corner)[None] - zoom * corner[None]


def _across(corner: Float[Array, "4 2"]) -> Float[Array, "4 2"]:
    return jnp.stack([-corner[:, 1], corner[:, 0]], axis=-1)


def _gathered(
    shift: Float[Array, "frame 4 2"], corner: Float[Array, "4 2"]
) -> Float[Array, "frame 4"]:
    """Return the transpose of `_straight`."""
    roll, zoom = (-jnp.einsum("fcx,cx->f", shift, each) for each in (_across(corner), corner))
    return jnp.concatenate([shift.sum(axis=1), roll[:, None], zoom[:, None]], axis=-1)
