"""Motion of a camera: smooth functions of time that can be evaluated anywhere.

Angles and positions are sums of sinusoids whose frequencies, amplitudes and phases are drawn from
bands typical of hands, steps and mounts; pans, tilts and rolls are smooth ramps on top, and knocks
are damped oscillations. Nothing is sampled, so poses are exact at every row's own time.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion
from dvs_jax.synthetic.clip import SyntheticClip
from dvs_jax.synthetic.recipe import RECIPES, Band, Knocks, Recipe, Turns, vary
from dvs_jax.synthetic.waves import Waves

WAVES_PER_BAND = 8

BLOW_S = 0.01
"""Rise time in seconds of a knock."""
AFTERMATH_S = 0.6
"""Seconds by which logs, and so knocks, extend beyond the frames."""


@dataclass(frozen=True)
class Swings:
    """Damped oscillations: amplitude · sin(2π · frequency · t) · exp(−t / decay) from each start.

    Attributes:
        start_s: float64 [swing], seconds.
        decay_s: float64 [swing], seconds.
        frequency_hz: float64 [swing, 3].
        amplitude: float64 [swing, 3], radians or metres.
    """

    start_s: Float[np.ndarray, "swing"]
    decay_s: Float[np.ndarray, "swing"]
    frequency_hz: Float[np.ndarray, "swing 3"]
    amplitude: Float[np.ndarray, "swing 3"]

    def at(self, time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 3"]:
        """Return the three sums at any times (seconds)."""
        since = np.maximum(time_s[..., None] - self.start_s, 0.0)
        # The velocity starts at zero too, since a knock takes some time.
        size = np.exp(-since / self.decay_s) * -np.expm1(-since / BLOW_S)
        angle = 2.0 * np.pi * self.frequency_hz * since[..., None]
        return (self.amplitude * size[..., None] * np.sin(angle)).sum(axis=-2)


_NO_SWINGS = Swings(np.zeros(0), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))

Part = TypeVar("Part", Waves, Swings)


@dataclass(frozen=True)
class Motion:
    """One camera's movement.

    Attributes:
        angles: pitch (up), yaw (to the right) and roll (clockwise) of the camera, radians.
        offsets: to the right, down and forward in the world, metres.
        knock_angles: knocks' contribution to the angles.
        knock_offsets: likewise to the offsets.
        pans: float64 [pan, 4]: start and end in seconds, rate in rad/s to the right, ease in
            seconds.
        tilts: float64 [tilt, 4], likewise upwards.
        rolls: float64 [roll, 4], likewise clockwise.
        forward_m_s: speed along the world's z, metres a second.
    """

    angles: Waves
    offsets: Waves
    knock_angles: Swings
    knock_offsets: Swings
    pans: Float[np.ndarray, "pan 4"]
    tilts: Float[np.ndarray, "tilt 4"]
    rolls: Float[np.ndarray, "roll 4"]
    forward_m_s: float


def make_motion(clip: SyntheticClip) -> Motion:
    """Draw the motion that a clip describes; in a distant scene the camera only rotates."""
    drawn = _draw_motion(clip)
    if clip.angles is None:
        return drawn
    return replace(
        drawn,
        angles=_scale(clip.angles, clip.strength),
        knock_angles=_NO_SWINGS,
        pans=np.zeros((0, 4)),
        tilts=np.zeros((0, 4)),
        rolls=np.zeros((0, 4)),
    )


def _draw_motion(clip: SyntheticClip) -> Motion:
    rng = np.random.default_rng([clip.seed, 1])
    recipe = _recipe_of(clip)
    stays = clip.scene == "distant"
    angles = [_draw_waves(rng, band, np.radians(band.angle_deg)) for band in recipe.bands]
    offsets = [_draw_waves(rng, band, np.array(band.position_cm) / 100) for band in recipe.bands]
    pans = _draw_turns(rng, recipe.pans, clip.duration_s)
    tilts = _draw_turns(rng, recipe.tilts, clip.duration_s)
    knock_angles, knock_offsets = _draw_knocks(rng, recipe.knocks, clip.duration_s + AFTERMATH_S)
    return Motion(
        angles=_scale(_concatenate(angles), clip.strength),
        offsets=_scale(_concatenate(offsets), 0.0 if stays else clip.strength),
        knock_angles=_scale(knock_angles, clip.strength),
        knock_offsets=_scale(knock_offsets, 0.0 if stays else clip.strength),
        pans=pans,
        tilts=tilts,
        rolls=_draw_turns(rng, recipe.rolls, clip.duration_s),
        forward_m_s=0.0 if stays else recipe.forward_m_s,
    )


def _recipe_of(clip: SyntheticClip) -> Recipe:
    recipe = RECIPES[clip.motion]
    return vary(recipe, np.random.default_rng([clip.seed, 3])) if clip.varied else recipe


def pose_at(motion: Motion, time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 4"]:
    """Return the poses [x, y, z, w], world to camera, at times in seconds after frame 0."""
    angles = motion.angles.at(time_s) + motion.knock_angles.at(time_s)
    pitch, yaw, roll = np.moveaxis(angles, -1, 0)
    yaw = yaw + _turned(motion.pans, time_s)
    pitch = pitch + _turned(motion.tilts, time_s)
    roll = roll + _turned(motion.rolls, time_s)
    to_world = quaternion.multiply(
        quaternion.multiply(_about("y", yaw), _about("x", pitch)), _about("z", roll)
    )
    return quaternion.conjugate(to_world)


def position_at(
    motion: Motion, time_s: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch 3"]:
    """Return where the camera is in the world (x right, y down, z forward), metres."""
    walked = motion.forward_m_s * time_s[..., None] * np.array([0.0, 0.0, 1.0])
    return motion.offsets.at(time_s) + motion.knock_offsets.at(time_s) + walked


def shake_at(
    motion: Motion, time_s: Float[np.ndarray, "*batch"], above_hz: float
) -> Float[np.ndarray, "*batch 3"]:
    """Return pitch, yaw and roll above `above_hz`, radians, without pans, tilts and rolls.

    The filter is a second-order high pass without phase shift.
    """
    waves, swings = _high_pass(motion.angles, above_hz), _high_pass(motion.knock_angles, above_hz)
    return waves.at(time_s) + swings.at(time_s)


def _high_pass(part: Part, above_hz: float) -> Part:
    squared = part.frequency_hz**2
    return replace(part, amplitude=squared / (squared + above_hz**2) * part.amplitude)


def _scale(part: Part, factor: float) -> Part:
    return replace(part, amplitude=factor * part.amplitude)


def _draw_waves(rng: np.random.Generator, band: Band, rms: Float[np.ndarray, "3"]) -> Waves:
    """Spread frequencies evenly over the band's octaves; amplitudes fall with frequency."""
    shape = (WAVES_PER_BAND, 3)
    octaves = (np.arange(WAVES_PER_BAND)[:, None] + rng.random(shape)) / WAVES_PER_BAND
    frequency = band.low_hz * (band.high_hz / band.low_hz) ** octaves
    amplitude = frequency**-0.5
    # A sinusoid's RMS is its amplitude / √2.
    amplitude *= rms / np.sqrt((amplitude**2 / 2).sum(axis=0))
    return Waves(frequency, amplitude, rng.uniform(0.0, 2.0 * np.pi, shape))


def _concatenate(parts: list[Waves]) -> Waves:
    empty = np.zeros((0, 3))
    return Waves(
        np.concatenate([empty, *(part.frequency_hz for part in parts)]),
        np.concatenate([empty, *(part.amplitude for part in parts)]),
        np.concatenate([empty, *(part.phase for part in parts)]),
    )


def _draw_turns(
    rng: np.random.Generator, turns: Turns | None, duration_s: float
) -> Float[np.ndarray, "turn 4"]:
    """Alternate rests and pans (tilts, rolls) until the clip's end, mostly back and forth."""
    if turns is None:
        return np.zeros((0, 4))
    drawn, end, direction = [], 0.0, rng.choice([-1.0, 1.0])
    while end < duration_s:
        start = end + rng.uniform(*turns.rest_s)
        end = start + rng.uniform(*turns.lasting_s)
        rate = direction * np.radians(rng.uniform(*turns.rate_deg_s))
        drawn.append([start, end, rate, turns.ease_s])
        direction *= rng.choice([-1.0, 1.0], p=[0.75, 0.25])
    return np.array(drawn)


def _draw_knocks(
    rng: np.random.Generator, knocks: Knocks | None, duration_s: float
) -> tuple[Swings, Swings]:
    """Draw the knocks until `duration_s`: their contributions to angles and to offsets."""
    start: list[float] = []
    while knocks is not None and (not start or start[-1] < duration_s):
        start.append((start[-1] if start else 0.0) + rng.uniform(*knocks.rest_s))
    if knocks is None:
        return _NO_SWINGS, _NO_SWINGS
    shape = (len(start), 3)
    decay = rng.uniform(*knocks.decay_s, len(start))
    frequency = rng.uniform(*knocks.frequency_hz, shape)
    angle = np.radians(knocks.angle_deg) * rng.uniform(0.4, 1.3, shape)
    offset = np.array(knocks.position_cm) / 100 * rng.uniform(0.4, 1.3, shape)
    angle, offset = (size * rng.choice([-1.0, 1.0], shape) for size in (angle, offset))
    swings = Swings(np.array(start), decay, frequency, angle)
    return swings, replace(swings, amplitude=offset)


def _turned(
    turns: Float[np.ndarray, "turn 4"], time_s: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch"]:
    """Return the accumulated angle of the pans, tilts or rolls, radians."""
    start, end, rate, ease = turns.T
    since_start, since_end = time_s[..., None] - start, time_s[..., None] - end
    return (rate * (_soft_ramp(since_start, ease) - _soft_ramp(since_end, ease))).sum(axis=-1)


def _soft_ramp(
    time_s: Float[np.ndarray, "*batch turn"], ease_s: Float[np.ndarray, "turn"]
) -> Float[np.ndarray, "*batch turn"]:
    """Return max(time, 0) with a rounded corner: smooth in every derivative."""
    return ease_s * np.logaddexp(0.0, time_s / ease_s)


def _about(axis: str, angle: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 4"]:
    unit = np.array([axis == "x", axis == "y", axis == "z"], dtype=float)
    return quaternion.from_rotation_vector(angle[..., None] * unit)
