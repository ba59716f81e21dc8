"""How a held camera moves: smooth functions of time that can be evaluated anywhere.

Angles and positions are sums of sinusoids whose frequencies, amplitudes and phases are drawn from
bands typical of hands and steps; turns of the camera are smooth ramps on top. Nothing is sampled,
so poses are exact at every row's own time.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion
from dvs_jax.synthetic.clip import MotionName, SyntheticClip

WAVES_PER_BAND = 8
PAN_EASE_S = 0.12
"""How gently a pan starts and stops, seconds."""


@dataclass(frozen=True)
class Band:
    """Random movement within a range of frequencies.

    Attributes:
        low_hz: lowest frequency.
        high_hz: highest frequency.
        angle_deg: RMS of pitch, yaw and roll, degrees.
        position_cm: RMS of the way to the right, down and forward, centimetres.
    """

    low_hz: float
    high_hz: float
    angle_deg: tuple[float, float, float]
    position_cm: tuple[float, float, float]


@dataclass(frozen=True)
class Recipe:
    """What one kind of motion is made of.

    Attributes:
        bands: movements added up.
        forward_m_s: speed along the world's z, metres a second.
        pans: whether the camera turns from side to side.
    """

    bands: tuple[Band, ...]
    forward_m_s: float = 0.0
    pans: bool = False


_DRIFT = Band(0.15, 1.2, (0.7, 1.0, 0.4), (1.2, 0.8, 1.0))
_TREMOR = Band(2.0, 12.0, (0.28, 0.24, 0.16), (0.10, 0.10, 0.05))
_STRIDE = Band(0.90, 1.00, (0.3, 1.3, 1.1), (1.8, 0.2, 0.2))
_STEP = Band(1.80, 2.00, (1.3, 0.3, 0.2), (0.2, 2.0, 0.8))
_HEEL_STRIKE = Band(3.6, 8.0, (0.35, 0.2, 0.2), (0.1, 0.3, 0.1))

RECIPES: dict[MotionName, Recipe] = {
    "handheld": Recipe((_DRIFT, _TREMOR)),
    "walking": Recipe((_DRIFT, _STRIDE, _STEP, _HEEL_STRIKE), forward_m_s=1.2),
    "panning": Recipe((replace(_DRIFT, angle_deg=(0.5, 0.4, 0.3)), _TREMOR), pans=True),
    "still": Recipe(()),
}


@dataclass(frozen=True)
class Waves:
    """Three sums of sinusoids, amplitude · sin(2π · frequency · t + phase).

    Attributes:
        frequency_hz: float64 [wave, 3].
        amplitude: float64 [wave, 3], radians or metres.
        phase: float64 [wave, 3], radians.
    """

    frequency_hz: Float[np.ndarray, "wave 3"]
    amplitude: Float[np.ndarray, "wave 3"]
    phase: Float[np.ndarray, "wave 3"]

    def at(self, time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 3"]:
        """Return the three sums at any times (seconds)."""
        angle = 2.0 * np.pi * self.frequency_hz * time_s[..., None, None] + self.phase
        return (self.amplitude * np.sin(angle)).sum(axis=-2)


@dataclass(frozen=True)
class Motion:
    """One camera's movement.

    Attributes:
        angles: pitch (up), yaw (to the right) and roll (clockwise) of the camera, radians.
        offsets: to the right, down and forward in the world, metres.
        pans: float64 [pan, 3]: start and end in seconds, rate in rad/s.
        forward_m_s: speed along the world's z, metres a second.
    """

    angles: Waves
    offsets: Waves
    pans: Float[np.ndarray, "pan 3"]
    forward_m_s: float


def make_motion(clip: SyntheticClip) -> Motion:
    """Draw the movement that a clip describes; a distant scene's camera stays in its place."""
    rng = np.random.default_rng([clip.seed, 1])
    recipe = RECIPES[clip.motion]
    stays = clip.scene == "distant"
    angles = [_draw_waves(rng, band, np.radians(band.angle_deg)) for band in recipe.bands]
    offsets = [_draw_waves(rng, band, np.array(band.position_cm) / 100) for band in recipe.bands]
    return Motion(
        angles=_concatenate(angles),
        offsets=_concatenate([] if stays else offsets),
        pans=_draw_pans(rng, clip.duration_s if recipe.pans else 0.0),
        forward_m_s=0.0 if stays else recipe.forward_m_s,
    )


def pose_at(motion: Motion, time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 4"]:
    """Return the poses [x, y, z, w], world to camera, at times in seconds after frame 0."""
    pitch, yaw, roll = np.moveaxis(motion.angles.at(time_s), -1, 0)
    yaw = yaw + _pan_angle(motion.pans, time_s)
    to_world = quaternion.multiply(
        quaternion.multiply(_about("y", yaw), _about("x", pitch)), _about("z", roll)
    )
    return quaternion.conjugate(to_world)


def position_at(
    motion: Motion, time_s: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch 3"]:
    """Return where the camera is in the world (x right, y down, z forward), metres."""
    walked = motion.forward_m_s * time_s[..., None] * np.array([0.0, 0.0, 1.0])
    return motion.offsets.at(time_s) + walked


def shake_at(
    motion: Motion, time_s: Float[np.ndarray, "*batch"], above_hz: float
) -> Float[np.ndarray, "*batch 3"]:
    """Return pitch, yaw and roll without what is slower than `above_hz`, radians.

    The filter is a second-order high pass without phase shift; it leaves pans out.
    """
    squared = motion.angles.frequency_hz**2
    gain = squared / (squared + above_hz**2)
    return replace(motion.angles, amplitude=gain * motion.angles.amplitude).at(time_s)


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


def _draw_pans(rng: np.random.Generator, duration_s: float) -> Float[np.ndarray, "pan 3"]:
    """Alternate rests and pans until the clip's end, mostly back and forth."""
    pans, end, direction = [], 0.0, rng.choice([-1.0, 1.0])
    while end < duration_s:
        start = end + rng.uniform(0.5, 1.0)
        end = start + rng.uniform(1.2, 2.5)
        pans.append([start, end, direction * np.radians(rng.uniform(20.0, 40.0))])
        direction *= rng.choice([-1.0, 1.0], p=[0.75, 0.25])
    return np.array(pans).reshape(-1, 3)


def _pan_angle(
    pans: Float[np.ndarray, "pan 3"], time_s: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch"]:
    start, end, rate = pans.T
    since_start, since_end = time_s[..., None] - start, time_s[..., None] - end
    return (rate * (_soft_ramp(since_start) - _soft_ramp(since_end))).sum(axis=-1)


def _soft_ramp(time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """Return max(time, 0) with a rounded corner: smooth in every derivative."""
    return PAN_EASE_S * np.logaddexp(0.0, time_s / PAN_EASE_S)


def _about(axis: str, angle: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 4"]:
    unit = np.array([axis == "x", axis == "y", axis == "z"], dtype=float)
    return quaternion.from_rotation_vector(angle[..., None] * unit)
