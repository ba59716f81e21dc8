"""Draws random clips, for the variety of real recordings.

Clips are independent of one another; variation within a kind of motion (amplitudes, cadence,
speed, pans, tilts, knocks) is due to `SyntheticClip.varied`.
"""

from dataclasses import replace
from typing import Literal, TypeVar

import numpy as np

from dvs_jax.synthetic.clip import MotionName, SceneName, SyntheticClip

T = TypeVar("T")
Faults = Literal["none", "ordinary", "severe"]

MOTION_SHARES: dict[MotionName, float] = {
    "handheld": 0.24,
    "walking": 0.22,
    "running": 0.12,
    "panning": 0.18,
    "driving": 0.12,
    "knock": 0.09,
    "still": 0.03,
}
FRAME_RATE_SHARES = {30.0: 0.6, 24.0: 0.1, 25.0: 0.1, 50.0: 0.08, 60.0: 0.12}

STRENGTH = (0.3, 2.5)
RUNNING_STRENGTH = (0.3, 1.3)
"""Lower than for other motion: people who run do not shake a camera by tens of degrees."""
READOUT_S = (0.005, 0.033)
OIS_CHANCE = 0.6
DISTANT_CHANCE = 0.15

LONGEST_READOUT = 0.98
"""Largest readout time as a share of the frame interval."""

ORDINARY_NOISE = (2e-4, 3e-3)
"""Noise of phones' gyros at 400 Hz, rad/s; all such ranges are log-uniform."""
SEVERE_NOISE = (1e-3, 2e-2)
ORDINARY_BIAS_DEG_S = 0.1
SEVERE_BIAS_DEG_S = 1.0
ORDINARY_JITTER_S = 5e-5
SEVERE_JITTER_S = 8e-4
SEVERE_OFFSET_S = 0.030

ACTION_CAMERA: tuple[MotionName, ...] = ("flying", "cycling")
"""How drones and bicycles move a camera."""
SLOW_GYRO_HZ = (50.0, 400.0)
LARGEST_DRIFT = 1e-4
"""Of the gyro's clock, in seconds a second: what the quartz of two devices differs by."""


def draw(
    rng: np.random.Generator,
    duration_s: float,
    faults: Faults = "ordinary",
    size: tuple[int, int] = (1920, 1080),
) -> SyntheticClip:
    """Draw the description of a clip.

    Args:
        rng: the random generator; equal states give equal clips.
        duration_s: seconds of video.
        faults: "none" logs the exact motion; "ordinary" has the noise, bias and jitter of a good
            phone; "severe" may have a clock up to 30 ms off, up to 1 °/s of bias about each axis,
            strong noise and jitter, and no log of the lens that moves, each with a chance of a
            half; of the first three it has at least one.
        size: width and height of the video in pixels.
    """
    motion, frame_rate = _choose(rng, MOTION_SHARES), _choose(rng, FRAME_RATE_SHARES)
    readout_s = min(rng.uniform(*READOUT_S), LONGEST_READOUT / frame_rate)
    scene: SceneName = "distant" if rng.random() < DISTANT_CHANCE else "depth"
    clip = SyntheticClip(
        motion=motion,
        scene=scene,
        duration_s=duration_s,
        size=size,
        frame_rate=frame_rate,
        readout_time_s=readout_s,
        ois=bool(rng.random() < OIS_CHANCE),
        strength=log_uniform(rng, RUNNING_STRENGTH if motion == "running" else STRENGTH),
        varied=True,
        seed=int(rng.integers(1 << 62)),
    )
    return with_faults(clip, faults, rng)


def draw_action_camera(
    rng: np.random.Generator, duration_s: float, faults: Faults
) -> SyntheticClip:
    """Draw the description of a clip from a drone or a bicycle (see `draw`).

    With faults the gyro also has a lower rate, and its clock drifts: over one clip by less than its
    offset and jitter, over minutes by more.
    """
    clip = draw(rng, duration_s, faults)
    clip = replace(clip, motion=ACTION_CAMERA[rng.integers(len(ACTION_CAMERA))])
    if faults == "none":
        return clip
    rate_hz, drift = log_uniform(rng, SLOW_GYRO_HZ), rng.uniform(-LARGEST_DRIFT, LARGEST_DRIFT)
    return replace(clip, gyro_rate_hz=rate_hz, clock_drift=drift)


def with_faults(clip: SyntheticClip, faults: Faults, rng: np.random.Generator) -> SyntheticClip:
    """Return the clip with random sensor faults (see `draw`)."""
    if faults == "none":
        return clip
    ordinary = replace(
        clip,
        gyro_noise=log_uniform(rng, ORDINARY_NOISE),
        gyro_bias=_draw_bias(rng, ORDINARY_BIAS_DEG_S),
        clock_jitter_s=rng.uniform(0.0, ORDINARY_JITTER_S),
    )
    return ordinary if faults == "ordinary" else _with_severe_faults(ordinary, rng)


def _with_severe_faults(clip: SyntheticClip, rng: np.random.Generator) -> SyntheticClip:
    late, biased, noisy, hidden = rng.random(4) < 0.5
    if not (late or biased or noisy):
        late = True
    if late:
        clip = replace(clip, clock_offset_s=rng.uniform(-SEVERE_OFFSET_S, SEVERE_OFFSET_S))
    if biased:
        clip = replace(clip, gyro_bias=_draw_bias(rng, SEVERE_BIAS_DEG_S))
    if noisy:
        noise, jitter_s = log_uniform(rng, SEVERE_NOISE), rng.uniform(0.0, SEVERE_JITTER_S)
        clip = replace(clip, gyro_noise=noise, clock_jitter_s=jitter_s)
    return replace(clip, ois_log=False) if hidden and clip.ois else clip


def _draw_bias(rng: np.random.Generator, largest_deg_s: float) -> tuple[float, float, float]:
    x, y, z = np.radians(rng.uniform(-largest_deg_s, largest_deg_s, 3)).tolist()
    return x, y, z


def log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw a number whose logarithm is uniform between the limits'."""
    return float(np.exp(rng.uniform(*np.log(limits))))


def _choose(rng: np.random.Generator, shares: dict[T, float]) -> T:
    return list(shares)[rng.choice(len(shares), p=list(shares.values()))]
