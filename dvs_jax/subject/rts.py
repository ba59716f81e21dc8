"""The anchor's track smoothed by a Rauch–Tung–Striebel smoother of constant velocity.

Both axes have the state (position, velocity), moved by white acceleration and measured with white
noise; they share one covariance, for their noise is the same. Rauch, Tung and Striebel, "Maximum
likelihood estimates of linear dynamic systems", 1965. Far from gaps and ends, at even times, the
gain is 1 / (1 + (f / f_c)⁴) with 2π f_c = (q / (r T))^¼: a Butterworth filter of fourth order
without delay.

All functions take one track; `jax.vmap` smooths many. Before the first and after the last
measurement the position is held, so that tracks may be padded with missing frames to one length.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

PRIOR = 1e3
"""Variance of the first position and velocity, in squared units of the track's torso (and
seconds). A far larger one turns float32 to NaN."""

ROUNDS = 4
"""Of smoothing and weighting anew, in `robust`."""

_FREEDOM = 4.0
"""Degrees of freedom of the Student's t noise that the robust weights stand for."""

Time = Float[Array, " frame"]
Place = Float[Array, "frame axis=2"]


class Smoothed(NamedTuple):
    """A smoothed track.

    Attributes:
        position: [frame, 2], (x, y) in the measurements' unit.
        velocity: [frame, 2], of that unit a second.
        variance: [frame], of the position on either axis.
    """

    position: Float[Array, "frame 2"]
    velocity: Float[Array, "frame 2"]
    variance: Float[Array, " frame"]


class _Step(NamedTuple):
    """What the filter needs of each frame; a leading axis for the frame where there are many."""

    transition: Float[Array, "*frame 2 2"]
    process: Float[Array, "*frame 2 2"]
    place: Float[Array, "*frame 2"]
    noise: Float[Array, "*frame"]
    present: Bool[Array, "*frame"]


class _Belief(NamedTuple):
    """A normal distribution of the state (position, velocity) of both axes."""

    mean: Float[Array, "*frame 2 axis=2"]
    cov: Float[Array, "*frame 2 2"]


@partial(jax.jit, static_argnames=("parallel",))
def smooth(
    time_s: Float[Array, " frame"],
    place: Float[Array, "frame 2"],
    present: Bool[Array, " frame"],
    noise: Float[Array, " frame"],
    acceleration: Float[Array, ""] | float,
    prior: float = PRIOR,
    parallel: bool = False,
) -> Smoothed:
    """Smooth a track, in the measurements' floating-point type.

    Args:
        time_s: times, not descending, in seconds from the track's start.
        place: measured (x, y), best in units of the track's median torso and less their mean;
            where nothing was measured, whatever is there is not looked at.
        present: whether the frame was measured; at least one was.
        noise: variance of each measurement.
        acceleration: spectral density q of the acceleration, squared units / s³.
        prior: variance of the first state.
        parallel: whether to use associative scans, whose depth is the logarithm of the length
            (Särkkä and García-Fernández, "Temporal parallelization of Bayesian smoothers", 2021):
            for accelerators. The result is the same up to rounding.
    """
    steps = _steps(time_s, place, present, noise, acceleration)
    first = _Belief(
        jnp.stack([steps.place[jnp.argmax(present)], jnp.zeros(2, place.dtype)]),
        prior * jnp.eye(2, dtype=place.dtype),
    )
    filtered = (_filter_parallel if parallel else _filter)(steps, first)
    mean, cov = (_smooth_parallel if parallel else _smooth_backwards)(steps, filtered)
    return Smoothed(mean[:, 0], mean[:, 1], cov[:, 0, 0])


def _steps(
    time_s: Time,
    place: Place,
    present: Bool[Array, " frame"],
    noise: Time,
    acceleration: Float[Array, ""] | float,
) -> _Step:
    index = jnp.arange(len(time_s))
    first = jnp.argmax(present)
    last = len(present) - 1 - jnp.argmax(present[::-1])
    # No time passes outside of the measurements, and so nothing moves there.
    moves = (index > first) & (index <= last)
    interval = jnp.where(moves, jnp.diff(time_s, prepend=time_s[:1]), 0.0)
    one, zero = jnp.ones_like(interval), jnp.zeros_like(interval)
    transition = jnp.stack([one, interval, zero, one], -1).reshape(-1, 2, 2)
    cube, square = interval**3 / 3, interval**2 / 2
    process = acceleration * jnp.stack([cube, square, square, interval], -1).reshape(-1, 2, 2)
    measured = jnp.where(present[:, None], place, 0.0)
    return _Step(transition, process, measured, jnp.where(present, noise, 1.0), present)


def _updated(belief: _Belief, step: _Step) -> _Belief:
    """Update by a measurement, in Joseph's form, which keeps the covariance positive."""
    gain = belief.cov[:, 0] / (belief.cov[0, 0] + step.noise)
    gain = jnp.where(step.present, gain, 0.0)
    kept = jnp.eye(2, dtype=gain.dtype) - jnp.outer(gain, jnp.asarray([1.0, 0.0], gain.dtype))
    mean = belief.mean + jnp.outer(gain, step.place - belief.mean[0])
    return _Belief(mean, kept @ belief.cov @ kept.T + step.noise * jnp.outer(gain, gain))


def _predicted(belief: _Belief, step: _Step) -> _Belief:
    cov = step.transition @ belief.cov @ step.transition.T + step.process
    return _Belief(step.transition @ belief.mean, cov)


def _filter(steps: _Step, first: _Belief) -> _Belief:
    def move(belief: _Belief, step: _Step) -> tuple[_Belief, _Belief]:
        belief = _updated(_predicted(belief, step), step)
        return belief, belief

    return jax.lax.scan(move, first, steps)[1]


def _back_gain(filtered: _Belief, later: _Step) -> Float[Array, "2 2"]:
    """Return how a change of the next frame's state changes this one's: P Fᵀ (F P Fᵀ + Q)⁻¹."""
    predicted = _predicted(filtered, later).cov
    return filtered.cov @ later.transition.T @ _inverse(predicted)


def _inverse(matrix: Float[Array, "2 2"]) -> Float[Array, "2 2"]:
    (a, b), (c, d) = matrix
    return jnp.stack([jnp.stack([d, -b]), jnp.stack([-c, a])]) / (a * d - b * c)


def _smooth_backwards(steps: _Step, filtered: _Belief) -> _Belief:
    def move(later: _Belief, at: tuple[_Belief, _Step]) -> tuple[_Belief, _Belief]:
        now, step = at
        predicted, gain = _predicted(now, step), _back_gain(now, step)
        mean = now.mean + gain @ (later.mean - predicted.mean)
        belief = _Belief(mean, now.cov + gain @ (later.cov - predicted.cov) @ gain.T)
        return belief, belief

    last = jax.tree.map(lambda each: each[-1], filtered)
    earlier = jax.tree.map(lambda each: each[:-1], filtered)
    following = jax.tree.map(lambda each: each[1:], steps)
    before = jax.lax.scan(move, last, (earlier, following), reverse=True)[1]
    return jax.tree.map(lambda each, end: jnp.concatenate([each, end[None]]), before, last)


class _Element(NamedTuple):
    """A run of frames.

    The state after it given the one before is N(A x + b, C); what its measurements tell of the one
    before is the information vector η and matrix J.
    """

    A: Float[Array, "*frame 2 2"]
    b: Float[Array, "*frame 2 axis=2"]
    C: Float[Array, "*frame 2 2"]
    eta: Float[Array, "*frame 2 axis=2"]
    J: Float[Array, "*frame 2 2"]


def _element(step: _Step) -> _Element:
    """Return the element of one frame, whose likelihood knows nothing where it was not measured."""
    spread = _updated(_Belief(jnp.zeros((2, 2), step.place.dtype), step.process), step)
    share = jnp.where(step.present, 1.0 / (step.process[0, 0] + step.noise), 0.0)
    gain = step.process[:, 0] * share
    kept = jnp.eye(2, dtype=gain.dtype) - jnp.outer(gain, jnp.asarray([1.0, 0.0], gain.dtype))
    seen = step.transition[0]
    return _Element(
        kept @ step.transition,
        spread.mean,
        spread.cov,
        share * jnp.outer(seen, step.place),
        share * jnp.outer(seen, seen),
    )


def _joined(early: _Element, late: _Element) -> _Element:
    eye = jnp.eye(2, dtype=early.A.dtype)
    forth = late.A @ _inverse(eye + early.C @ late.J)
    back = early.A.T @ _inverse(eye + late.J @ early.C)
    return _Element(
        forth @ early.A,
        forth @ (early.b + early.C @ late.eta) + late.b,
        forth @ early.C @ late.A.T + late.C,
        back @ (late.eta - late.J @ early.b) + early.eta,
        back @ late.J @ early.A + early.J,
    )


def _filter_parallel(steps: _Step, first: _Belief) -> _Belief:
    begin = _updated(first, jax.tree.map(lambda each: each[0], steps))
    elements = jax.vmap(_element)(steps)
    nothing = jnp.zeros_like(begin.cov)
    start = _Element(nothing, begin.mean, begin.cov, nothing, nothing)
    elements = jax.tree.map(lambda each, at: each.at[0].set(at), elements, start)
    runs = jax.lax.associative_scan(jax.vmap(_joined), elements)
    return _Belief(runs.b, runs.C)


class _BackElement(NamedTuple):
    """A run of frames backwards: the state before it given the one after, N(E x + g, L)."""

    E: Float[Array, "*frame 2 2"]
    g: Float[Array, "*frame 2 axis=2"]
    L: Float[Array, "*frame 2 2"]


def _back_element(filtered: _Belief, later: _Step) -> _BackElement:
    predicted, gain = _predicted(filtered, later), _back_gain(filtered, later)
    mean = filtered.mean - gain @ predicted.mean
    return _BackElement(gain, mean, filtered.cov - gain @ predicted.cov @ gain.T)


def _joined_back(late: _BackElement, early: _BackElement) -> _BackElement:
    return _BackElement(
        early.E @ late.E, early.E @ late.g + early.g, early.E @ late.L @ early.E.T + early.L
    )


def _smooth_parallel(steps: _Step, filtered: _Belief) -> _Belief:
    # The last frame's own next one is never looked at.
    later = jax.tree.map(lambda each: jnp.roll(each, -1, axis=0), steps)
    elements = jax.vmap(_back_element)(filtered, later)
    end = _BackElement(jnp.zeros_like(elements.E[-1]), filtered.mean[-1], filtered.cov[-1])
    elements = jax.tree.map(lambda each, at: each.at[-1].set(at), elements, end)
    runs = jax.lax.associative_scan(jax.vmap(_joined_back), elements, reverse=True)
    return _Belief(runs.g, runs.L)


@partial(jax.jit, static_argnames=("parallel",))
def robust(
    time_s: Float[Array, " frame"],
    place: Float[Array, "frame 2"],
    present: Bool[Array, " frame"],
    noise: Float[Array, " frame"],
    acceleration: Float[Array, ""] | float,
    prior: float = PRIOR,
    parallel: bool = False,
) -> tuple[Smoothed, Float[Array, " frame"]]:
    """Smooth a track in which single measurements are far off, by weighting them anew.

    After each of `ROUNDS` rounds a measurement weighs w = 6 / (4 + 2 e² / r), where e² is the mean
    of both axes' squared residuals and r its variance: Student's t noise of 4 degrees of freedom
    (Lange, Little and Taylor, "Robust statistical modeling using the t distribution", 1989). In the
    next round its variance is r / w.

    Args: as for `smooth`.

    Returns:
        The last round's track, and each measurement's weight after it, at most 1.5; 0 where
        nothing was measured.
    """
    clean = jnp.where(present[:, None], place, 0.0)

    def again(weight: Time, _: None) -> tuple[Time, Smoothed]:
        track = smooth(time_s, clean, present, noise / weight, acceleration, prior, parallel)
        squared = jnp.mean((clean - track.position) ** 2, axis=-1)
        return (_FREEDOM + 2.0) / (_FREEDOM + 2.0 * squared / noise), track

    weight, tracks = jax.lax.scan(again, jnp.ones_like(noise), None, length=ROUNDS)
    return jax.tree.map(lambda each: each[-1], tracks), jnp.where(present, weight, 0.0)


def acceleration_for(cutoff_hz: float, noise: float, interval_s: float) -> float:
    """Return the spectral density q whose smoother halves the amplitude at a frequency.

    q = (2π f)⁴ r T.

    Args:
        cutoff_hz: the frequency f.
        noise: variance r of the measurements.
        interval_s: their usual interval T in seconds.
    """
    return float((2.0 * jnp.pi * cutoff_hz) ** 4 * noise * interval_s)


def cutoff_hz(acceleration: float, noise: float, interval_s: float) -> float:
    """Return the frequency at which a smoother halves the amplitude; see `acceleration_for`."""
    return float((acceleration / (noise * interval_s)) ** 0.25 / (2.0 * jnp.pi))
