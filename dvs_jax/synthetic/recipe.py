"""Parameters of the kinds of camera motion, and their random variation between clips."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from dvs_jax.synthetic.clip import MotionName
from dvs_jax.synthetic.variety import log_uniform

Range = tuple[float, float]
Triple = tuple[float, float, float]

CADENCE: Range = (0.88, 1.15)
"""Range of the factor on the recipe's frequencies: of steps, sway and vibration."""
SPEED: Range = (0.4, 1.6)
SPREAD = 0.35
"""Standard deviation of the logarithm of each band's amplitude about each axis."""

SLOWEST_PAN_DEG_S = 4.0
FASTEST_PAN_DEG_S = 60.0
"""A clip's slowest pan lies between these two; its others are up to half as fast again."""
SLOWEST_ROLL_DEG_S = 0.3
WIDEST_PAN_DEG, WIDEST_TILT_DEG, WIDEST_ROLL_DEG = 90.0, 15.0, 20.0
"""None turns much further; the number is also the highest of the slowest rates in degrees/s."""

RESONANCE = (0.97, 1.03)
"""How far a resonance reaches to both sides of its frequency, over that frequency."""
WIDEST_SPREAD = 1.5
"""Amplitudes are truncated at this many standard deviations."""

TILT_CHANCE = 0.2
KNOCK_CHANCE = 0.12


@dataclass(frozen=True)
class Band:
    """Random movement within a range of frequencies.

    Attributes:
        low_hz: lowest frequency.
        high_hz: highest frequency.
        angle_deg: RMS of pitch, yaw and roll, degrees.
        position_cm: RMS of the way to the right, down and forward, centimetres.
        resonant: whether varied recipes draw one frequency of the range, that of a mount.
    """

    low_hz: float
    high_hz: float
    angle_deg: Triple
    position_cm: Triple
    resonant: bool = False


@dataclass(frozen=True)
class Turns:
    """Pans, tilts or rolls at a constant rate with rests between; values are drawn from ranges.

    Attributes:
        rate_deg_s: how fast, degrees a second.
        rest_s: seconds before each.
        lasting_s: duration of each, seconds.
        ease_s: time of each start and stop, seconds.
    """

    rate_deg_s: Range
    rest_s: Range
    lasting_s: Range
    ease_s: float = 0.12


@dataclass(frozen=True)
class Knocks:
    """Knocks, after which the camera oscillates and comes to rest; ranges as in `Turns`.

    Attributes:
        rest_s: seconds before each.
        frequency_hz: frequency of the oscillation.
        decay_s: time constant of the decay, seconds.
        angle_deg: typical first amplitude of pitch, yaw and roll, degrees.
        position_cm: likewise to the right, down and forward, centimetres.
    """

    rest_s: Range
    frequency_hz: Range
    decay_s: Range
    angle_deg: Triple
    position_cm: Triple


@dataclass(frozen=True)
class Recipe:
    """The parameters of one kind of motion.

    Attributes:
        bands: random movements, which are added.
        forward_m_s: speed along the world's z, metres a second.
        pans: horizontal rotations, or None.
        tilts: vertical rotations, or None.
        rolls: rotations about the lens's axis, or None.
        knocks: knocks, or None.
        pan_chance: probability of pans in varied recipes if this one has none.
    """

    bands: tuple[Band, ...]
    forward_m_s: float = 0.0
    pans: Turns | None = None
    tilts: Turns | None = None
    rolls: Turns | None = None
    knocks: Knocks | None = None
    pan_chance: float = 0.0


_DRIFT = Band(0.15, 1.2, (0.7, 1.0, 0.4), (1.2, 0.8, 1.0))
_TREMOR = Band(2.0, 12.0, (0.28, 0.24, 0.16), (0.10, 0.10, 0.05))
_STRIDE = Band(0.90, 1.00, (0.3, 1.3, 1.1), (1.8, 0.2, 0.2))
_STEP = Band(1.80, 2.00, (1.3, 0.3, 0.2), (0.2, 2.0, 0.8))
_HEEL_STRIKE = Band(3.6, 8.0, (0.35, 0.2, 0.2), (0.1, 0.3, 0.1))
_RUN_STRIDE = Band(1.30, 1.45, (0.6, 2.2, 1.9), (2.5, 0.4, 0.4))
_RUN_STEP = Band(2.60, 2.90, (2.4, 0.6, 0.5), (0.4, 3.5, 1.2))
_RUN_STRIKE = Band(5.2, 14.0, (0.8, 0.45, 0.4), (0.2, 0.6, 0.2))
_SWAY = Band(0.2, 1.0, (0.3, 0.8, 0.5), (1.5, 0.8, 0.5))
_SUSPENSION = Band(1.0, 2.5, (0.4, 0.12, 0.3), (0.5, 1.5, 0.3))
_ROAD = Band(6.0, 24.0, (0.09, 0.05, 0.06), (0.03, 0.08, 0.02))

_WIND = Band(0.1, 0.8, (0.5, 0.7, 0.5), (3.0, 3.0, 3.0))
_PROPELLERS = Band(20.0, 90.0, (0.03, 0.02, 0.03), (0.01, 0.01, 0.01), resonant=True)
_PEDALLING = Band(0.3, 1.5, (0.6, 1.2, 1.5), (2.0, 1.5, 1.0))
_GRAVEL = Band(3.0, 25.0, (0.4, 0.2, 0.3), (0.1, 0.4, 0.1))
_MOUNT = Band(8.0, 40.0, (0.2, 0.08, 0.12), (0.02, 0.05, 0.02), resonant=True)

_PANS = Turns(rate_deg_s=(20.0, 40.0), rest_s=(0.5, 1.0), lasting_s=(1.2, 2.5))
_ROLLS = Turns(rate_deg_s=(0.5, 4.0), rest_s=(0.5, 2.0), lasting_s=(1.0, 5.0), ease_s=0.3)
_KNOCKS = Knocks((0.6, 2.5), (3.5, 9.0), (0.15, 0.5), (1.2, 0.9, 0.5), (0.4, 0.5, 0.2))
_BUMPS = Knocks((0.8, 3.0), (2.0, 5.0), (0.12, 0.35), (0.9, 0.2, 0.4), (0.3, 2.0, 0.2))

RECIPES: dict[MotionName, Recipe] = {
    "handheld": Recipe((_DRIFT, _TREMOR), pan_chance=0.35),
    "walking": Recipe((_DRIFT, _STRIDE, _STEP, _HEEL_STRIKE), forward_m_s=1.2, pan_chance=0.35),
    "running": Recipe(
        (_DRIFT, _RUN_STRIDE, _RUN_STEP, _RUN_STRIKE), forward_m_s=3.2, pan_chance=0.2
    ),
    "panning": Recipe((replace(_DRIFT, angle_deg=(0.5, 0.4, 0.3)), _TREMOR), pans=_PANS),
    "driving": Recipe((_SWAY, _SUSPENSION, _ROAD), 9.0, knocks=_BUMPS, pan_chance=0.3),
    "knock": Recipe((), knocks=_KNOCKS, pan_chance=0.2),
    "still": Recipe(()),
    "flying": Recipe((_WIND, _PROPELLERS), 4.0, rolls=_ROLLS, pan_chance=0.4),
    "cycling": Recipe((_PEDALLING, _GRAVEL, _MOUNT), 5.0, knocks=_BUMPS, pan_chance=0.3),
}


def vary(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    """Return the recipe with random variation; a still one is unchanged."""
    if recipe == Recipe(()):
        return recipe
    cadence = rng.uniform(*CADENCE)
    pans = rng.random() < recipe.pan_chance or recipe.pans is not None
    tilts = rng.random() < TILT_CHANCE
    knocked = rng.random() < KNOCK_CHANCE
    knocks = recipe.knocks or (_KNOCKS if knocked else None)
    return Recipe(
        bands=tuple(_vary_band(band, cadence, rng) for band in recipe.bands),
        forward_m_s=recipe.forward_m_s * rng.uniform(*SPEED),
        pans=_draw_turns(rng, SLOWEST_PAN_DEG_S, WIDEST_PAN_DEG) if pans else None,
        tilts=_draw_turns(rng, SLOWEST_PAN_DEG_S, WIDEST_TILT_DEG) if tilts else None,
        knocks=None if knocks is None else _vary_knocks(knocks, rng),
        rolls=_draw_turns(rng, SLOWEST_ROLL_DEG_S, WIDEST_ROLL_DEG) if recipe.rolls else None,
    )


def _vary_band(band: Band, cadence: float, rng: np.random.Generator) -> Band:
    size = float(_draw_sizes(rng, 1)[0])
    varied = Band(
        band.low_hz * cadence,
        band.high_hz * cadence,
        _vary_triple(band.angle_deg, size, rng),
        _vary_triple(band.position_cm, size, rng),
    )
    return _at_one_frequency(varied, rng) if band.resonant else varied


def _at_one_frequency(band: Band, rng: np.random.Generator) -> Band:
    frequency = log_uniform(rng, (band.low_hz, band.high_hz))
    low, high = RESONANCE
    return replace(band, low_hz=low * frequency, high_hz=high * frequency)


def _vary_triple(triple: Triple, size: float, rng: np.random.Generator) -> Triple:
    x, y, z = (np.array(triple) * size * _draw_sizes(rng, 3)).tolist()
    return x, y, z


def _draw_sizes(rng: np.random.Generator, count: int) -> Float[np.ndarray, "size"]:
    off = np.clip(rng.standard_normal(count), -WIDEST_SPREAD, WIDEST_SPREAD)
    return np.exp(SPREAD * off)


def _vary_knocks(knocks: Knocks, rng: np.random.Generator) -> Knocks:
    size, pause = float(_draw_sizes(rng, 1)[0]), rng.uniform(0.7, 2.0)
    return replace(
        knocks,
        rest_s=(pause * knocks.rest_s[0], pause * knocks.rest_s[1]),
        angle_deg=_vary_triple(knocks.angle_deg, size, rng),
        position_cm=_vary_triple(knocks.position_cm, size, rng),
    )


def _draw_turns(rng: np.random.Generator, slowest_deg_s: float, widest_deg: float) -> Turns:
    """Draw slow long turns or fast short ones, none much wider than `widest_deg`."""
    rate = log_uniform(rng, (slowest_deg_s, min(FASTEST_PAN_DEG_S, widest_deg)))
    rest = rng.uniform(0.2, 2.0)
    return Turns(
        rate_deg_s=(rate, 1.5 * rate),
        rest_s=(0.5 * rest, 1.5 * rest),
        lasting_s=(
            max(0.3, min(2.0, 0.2 * widest_deg / rate)),
            max(0.6, min(6.0, widest_deg / rate)),
        ),
        ease_s=rng.uniform(0.06, 0.3),
    )
