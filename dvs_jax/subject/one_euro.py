"""The One-Euro filter: smooths a live track, by what has been measured so far alone.

Casiez, Roussel and Vogel, "1€ filter: a simple speed-based low-pass filter for noisy input in
interactive systems", 2012. Its state is explicit, for frames that arrive one by one.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

VELOCITY_HZ = 1.0
"""Cutoff of the velocity's low pass."""


class OneEuro(NamedTuple):
    """How a One-Euro filter smooths.

    Attributes:
        cutoff_hz: cutoff at rest.
        beta: hertz that are added to the cutoff for each unit of speed a second.
    """

    cutoff_hz: float = 4.0
    beta: float = 8.0


USUAL = OneEuro()


class State(NamedTuple):
    """What a One-Euro filter remembers.

    Attributes:
        time_s: [], of the last measurement.
        measured: [2], the last measurement (x, y).
        position: [2], smoothed.
        velocity: [2], low-passed, a second.
        started: whether anything has been measured yet.
    """

    time_s: Float[Array, ""]
    measured: Float[Array, "2"]
    position: Float[Array, "2"]
    velocity: Float[Array, "2"]
    started: Bool[Array, ""]


def begin(dtype: jnp.dtype = jnp.float32) -> State:
    """Return the state before the first frame."""
    nowhere = jnp.zeros(2, dtype)
    return State(jnp.zeros((), dtype), nowhere, nowhere, nowhere, jnp.asarray(False))


@jax.jit
def step(
    state: State,
    time_s: Float[Array, ""],
    place: Float[Array, "2"],
    present: Bool[Array, ""],
    settings: OneEuro = USUAL,
) -> State:
    """Return the state after a frame; its `position` is what to show.

    Args:
        state: after the frame before.
        time_s: the frame's time, not before the last one, in seconds from the track's start.
        place: measured (x, y), best in units of the track's torso.
        present: whether it was measured; where not, the position is held.
        settings: how to smooth.
    """
    interval = time_s - state.time_s
    passed = jnp.where(interval > 0.0, interval, 1.0)
    speed = jnp.where(interval > 0.0, (place - state.measured) / passed, state.velocity)
    velocity = state.velocity + _share(interval, VELOCITY_HZ) * (speed - state.velocity)
    share = _share(interval, settings.cutoff_hz + settings.beta * jnp.abs(velocity))
    position = state.position + share * (place - state.position)
    moved = State(time_s, place, position, velocity, state.started)
    entered = State(time_s, place, place, jnp.zeros_like(place), jnp.ones_like(state.started))
    after = jax.tree.map(lambda on, new: jnp.where(state.started, on, new), moved, entered)
    return jax.tree.map(lambda new, old: jnp.where(present, new, old), after, state)


def _share(interval: Array, cutoff_hz: Array | float) -> Array:
    """Return the weight of a new value in a first-order low pass; 0 if no time has passed."""
    turned = 2.0 * jnp.pi * cutoff_hz * interval
    return turned / (1.0 + turned)


@jax.jit
def smooth(
    time_s: Float[Array, " frame"],
    place: Float[Array, "frame 2"],
    present: Bool[Array, " frame"],
    settings: OneEuro = USUAL,
) -> Float[Array, "frame 2"]:
    """Return a whole track as `step` smooths it frame by frame; at least one frame is measured.

    Before the first measurement it is held, as after the last one.

    Args:
        time_s: times, not descending, in seconds from the track's start.
        place: measured (x, y); where nothing was measured, whatever is there is not looked at.
        present: whether each frame was measured.
        settings: how to smooth.
    """

    def move(state: State, frame: tuple[Array, Array, Array]) -> tuple[State, Array]:
        state = step(state, *frame, settings)
        return state, state.position

    clean = jnp.where(present[:, None], place, 0.0)
    _, position = jax.lax.scan(move, begin(place.dtype), (time_s, clean, present))
    first = jnp.argmax(present)
    return jnp.where(jnp.arange(len(time_s))[:, None] < first, clean[first], position)
