"""How a camera moves: what its owner wanted, and the shake that came with it.

All is a sum of functions that can be evaluated at any time, so velocities are exact. Amplitudes are
drawn over what hands, steps, vehicles and drones do: shakes of 0.2 to 20 pixels of a 640 wide frame
with a spectrum between 0.5 and 12 Hz that falls more or less steeply, with or without the harmonics
of a step; pans and zooms that start and stop; knocks.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax.synthetic.paired.pose import WIDTH

LOWEST_HZ, HIGHEST_HZ = 0.5, 12.0
"""Of the shake."""
WAVES = 20
SLOW_WAVES = 3
KNOCKS = 2
FRAMES_A_MOVE = 60
"""There are so many pans, zooms and the like in a path, one of these for so many frames."""

_HARMONICS = (0.5, 1.0, 2.0)
"""Of a step's frequency: to the left and right, a step, and its heel strike."""
_SHAKEN = 7
"""Quantities: x, y, roll, zoom, and the centre's three; tilts follow from x and y."""
_INTENDED = 4
"""Quantities: x, y, roll and zoom."""


class Waves(NamedTuple):
    """A sum of sinusoids.

    Attributes:
        frequency_hz: float32 [wave].
        amplitude: float32 [wave, quantity].
        phase: float32 [wave, quantity], radians.
    """

    frequency_hz: Float[Array, "wave"]
    amplitude: Float[Array, "wave quantity"]
    phase: Float[Array, "wave quantity"]

    def at(self, time_s: Float[Array, ""]) -> Float[Array, "quantity"]:
        """Return the sum at a time."""
        turned = (2.0 * jnp.pi * time_s * self.frequency_hz)[:, None]
        return (self.amplitude * jnp.sin(turned + self.phase)).sum(axis=0)


class Moves(NamedTuple):
    """Smooth steps from one pose to another, with rest between them.

    Attributes:
        start_s: float32 [move].
        lasting_s: float32 [move].
        amount: float32 [move, quantity], what has been added at the end.
    """

    start_s: Float[Array, "move"]
    lasting_s: Float[Array, "move"]
    amount: Float[Array, "move quantity"]

    def at(self, time_s: Float[Array, ""]) -> Float[Array, "quantity"]:
        """Return what has been added until a time."""
        share = jnp.clip((time_s - self.start_s) / self.lasting_s, 0.0, 1.0)
        done = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        return done @ self.amount


class Knocks(NamedTuple):
    """Damped oscillations.

    Attributes:
        start_s: float32 [knock].
        decay_s: float32 [knock].
        frequency_hz: float32 [knock].
        amplitude: float32 [knock, quantity].
    """

    start_s: Float[Array, "knock"]
    decay_s: Float[Array, "knock"]
    frequency_hz: Float[Array, "knock"]
    amplitude: Float[Array, "knock quantity"]

    def at(self, time_s: Float[Array, ""]) -> Float[Array, "quantity"]:
        """Return the sum at a time."""
        since = jnp.maximum(time_s - self.start_s, 0.0)
        swing = jnp.exp(-since / self.decay_s) * jnp.sin(2.0 * jnp.pi * self.frequency_hz * since)
        return swing @ self.amplitude


class ShakyPath(NamedTuple):
    """A camera's way through a clip.

    Attributes:
        time_s: float32 [frame].
        pose: float32 [frame, 6], shaky, see `pose`.
        intended: float32 [frame, 6], the same without the shake: pans, zooms and slow drift.
        velocity: float32 [frame, 6], of the shaky pose, a second.
        centre: float32 [frame, 3], see `view.Moment`.
    """

    time_s: Float[Array, "frame"]
    pose: Float[Array, "frame 6"]
    intended: Float[Array, "frame 6"]
    velocity: Float[Array, "frame 6"]
    centre: Float[Array, "frame 3"]


def shaky_path(key: Array, frames: int, rate: Float[Array, ""] | float) -> ShakyPath:
    """Draw a camera's path.

    Args:
        key: of the random numbers; equal keys give equal paths.
        frames: how many.
        rate: frames a second.
    """
    time_s = jnp.arange(frames, dtype=jnp.float32) / rate
    lasting_s = jnp.asarray(frames / rate, jnp.float32)
    keys = jax.random.split(key, 6)
    size = _draw_size(keys[0])
    shake = _Shake(
        _draw_waves(keys[1], size),
        _draw_bursts(keys[2]),
        _draw_knocks(keys[3], size, lasting_s),
        jax.random.uniform(keys[4], (), jnp.float32, 400.0, 1200.0),
    )
    intent = _draw_intent(keys[5], 1 + frames // FRAMES_A_MOVE, lasting_s)
    posed = jax.vmap(lambda time: jax.jvp(partial(_posed, shake, intent), (time,), (1.0,)))
    (pose, intended, centre), (velocity, _, _) = posed(time_s)
    return ShakyPath(time_s, pose, intended, velocity, centre)


class _Shake(NamedTuple):
    """Seven quantities' shake, its varying strength, and the focal length that tells the tilts."""

    waves: Waves
    bursts: Waves
    knocks: Knocks
    focal: Float[Array, ""]


class _Intent(NamedTuple):
    """Four quantities' moves and drift, and the centre's speed."""

    moves: Moves
    drift: Waves
    speed: Float[Array, "3"]


def _posed(
    shake: _Shake, intent: _Intent, time_s: Float[Array, ""]
) -> tuple[Float[Array, "6"], Float[Array, "6"], Float[Array, "3"]]:
    """Return the shaky pose, the intended one and the centre."""
    strength = 1.0 + shake.bursts.at(time_s)
    shaken = strength * shake.waves.at(time_s) + shake.knocks.at(time_s)
    # A camera that turns by d/f to the right sees what lies to the right nearer by that share.
    tilts = -(WIDTH / 2) / shake.focal**2 * shaken[:2]
    intended = jnp.concatenate([intent.moves.at(time_s) + intent.drift.at(time_s), jnp.zeros(2)])
    pose = intended + jnp.concatenate([shaken[:_INTENDED], tilts])
    return pose, intended, intent.speed * time_s + shaken[_INTENDED:]


def _draw_size(key: Array) -> Float[Array, ""]:
    """Draw a shake's root mean square: mild for most, strong for some, and none for some."""
    which, mild, strong, still = jax.random.split(key, 4)
    sizes = jnp.stack([_between(mild, 0.2, 4.0), _between(strong, 4.0, 20.0), 0.05 * _share(still)])
    return sizes[jax.random.choice(which, 3, p=jnp.asarray([0.65, 0.25, 0.1]))]


def _between(
    key: Array, low: float, high: float, shape: tuple[int, ...] = ()
) -> Float[Array, "..."]:
    """Draw with evenly distributed logarithms."""
    drawn = jax.random.uniform(key, shape, jnp.float32, math.log(low), math.log(high))
    return jnp.exp(drawn)


def _share(
    key: Array, shape: tuple[int, ...] = (), low: float = 0.0, high: float = 1.0
) -> Float[Array, "..."]:
    return jax.random.uniform(key, shape, jnp.float32, low, high)


def _angles(key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
    return _share(key, shape, high=2.0 * math.pi)


def _draw_waves(key: Array, size: Float[Array, ""]) -> Waves:
    """Draw a falling spectrum, and with even chances a step's harmonics on top."""
    keys = jax.random.split(key, 8)
    frequency = _between(keys[0], LOWEST_HZ, HIGHEST_HZ, (WAVES,))
    fall = _share(keys[1], high=2.0)
    step = _between(keys[2], 1.4, 2.9) * jnp.asarray(_HARMONICS)
    steps = 3.0 * _share(keys[3]) * jax.random.bernoulli(keys[4])
    weight = frequency**-fall
    stepping = jnp.full(len(_HARMONICS), steps * jnp.sqrt((weight**2).sum()))
    frequency, weight = jnp.concatenate([frequency, step]), jnp.concatenate([weight, stepping])
    shape = len(frequency), _SHAKEN
    amplitude = weight[:, None] * _share(keys[5], shape, 0.3, 1.0)
    rms = jnp.sqrt((amplitude**2).sum(axis=0, keepdims=True) / 2.0)
    amplitude = amplitude / rms * (size * _draw_proportions(keys[6]))[None]
    return Waves(frequency, amplitude, _angles(keys[7], shape))


def _draw_proportions(key: Array) -> Float[Array, "7"]:
    """Draw how much of a shake's size goes into each quantity; an angle's is at the edge."""
    low = jnp.asarray([0.4, 0.4, 0.1, 0.0, 0.0, 0.0, 0.0])
    high = jnp.asarray([1.0, 1.0, 0.6, 0.15, 0.8, 0.8, 0.2])
    edge = 2.0 / WIDTH
    unit = jnp.asarray([1.0, 1.0, edge, edge, 1.0, 1.0, edge])
    return unit * (low + (high - low) * _share(key, (_SHAKEN,)))


def _draw_bursts(key: Array) -> Waves:
    """Draw how a shake grows and fades, as a share of its size."""
    keys = jax.random.split(key, 3)
    return Waves(
        _between(keys[0], 0.05, 0.5, (1,)), 0.9 * _share(keys[1], (1, 1)), _angles(keys[2], (1, 1))
    )


def _draw_knocks(key: Array, size: Float[Array, ""], lasting_s: Float[Array, ""]) -> Knocks:
    """Draw knocks, which three of four paths have none of."""
    keys = jax.random.split(key, 6)
    strength = 3.0 * size * _share(keys[0], (KNOCKS, 1)) * jax.random.bernoulli(keys[1], 0.25)
    way = jax.random.rademacher(keys[2], (KNOCKS, _SHAKEN), jnp.float32)
    return Knocks(
        lasting_s * _share(keys[3], (KNOCKS,)),
        _between(keys[4], 0.1, 0.5, (KNOCKS,)),
        _between(keys[5], 2.0, HIGHEST_HZ, (KNOCKS,)),
        strength * way * _draw_proportions(keys[2])[None],
    )


def _draw_intent(key: Array, moves: int, lasting_s: Float[Array, ""]) -> _Intent:
    keys = jax.random.split(key, 3)
    speed = jnp.asarray([40.0, 15.0, 0.15]) * jax.random.normal(keys[2], (3,))
    return _Intent(_draw_moves(keys[0], moves, lasting_s), _draw_drift(keys[1]), speed)


def _draw_moves(key: Array, moves: int, lasting_s: Float[Array, ""]) -> Moves:
    """Draw pans of 5 to 400 pixels a second, and seldom turns and zooms."""
    keys = jax.random.split(key, 6)
    lasting = _between(keys[0], 0.5, 4.0, (moves,))
    speed = _between(keys[1], 5.0, 400.0, (moves, 1)) * lasting[:, None]
    way = _share(keys[2], (moves, 2), -1.0, 1.0) * jnp.asarray([[1.0, 0.4]])
    seldom = jax.random.bernoulli(keys[3], 0.15, (moves, 2))
    other = jnp.asarray([[0.1, 0.4]]) * _share(keys[4], (moves, 2), -1.0, 1.0)
    amount = jnp.concatenate([speed * way, jnp.where(seldom, other, 0.0)], axis=1)
    # Some are under way when the clip begins.
    start = lasting_s * _share(keys[5], (moves,)) - 0.5 * lasting
    return Moves(start, lasting, amount)


def _draw_drift(key: Array) -> Waves:
    """Draw slow movement that no one takes for shake."""
    keys = jax.random.split(key, 4)
    shape = SLOW_WAVES, _INTENDED
    size = _between(keys[0], 1.0, 30.0) * jnp.asarray([[1.0, 0.6, 1e-3, 5e-4]])
    return Waves(
        _between(keys[1], 0.03, 0.3, (SLOW_WAVES,)),
        size * jax.random.normal(keys[2], shape),
        _angles(keys[3], shape),
    )
