"""The description of a synthetic clip, which determines everything else."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.lens import Lens
from dvs_jax.synthetic.waves import Waves

MotionName = Literal[
    "handheld",
    "walking",
    "running",
    "panning",
    "driving",
    "knock",
    "still",
    "flying",
    "cycling",
]
SceneName = Literal["depth", "distant"]

START_NS = 83_000_000_000
"""Middle of the first row's exposure of frame 0, on a clock that starts at boot, as a phone's."""

SMALLEST_SIDE = 64


@dataclass(frozen=True)
class SyntheticClip:
    """The description of a clip; equal descriptions give bit-identical logs and frames.

    Attributes:
        motion: how the camera is held. "handheld" drifts and trembles, "walking" bounces forward
            with the steps, "running" does so faster and harder, "panning" rotates from side to
            side at 20–40 °/s, "driving" has a car's vibration and bumps, "knock" is on a tripod
            that is knocked now and then, "still" does not move, "flying" is on a drone that
            rolls and whose propellers hum, "cycling" is on a bicycle's vibrating mount.
        scene: "depth" is a square with objects at all distances and so parallax; "distant" is
            the same view from a camera that only rotates, as if everything were far away.
        duration_s: seconds of video.
        size: width and height of a frame in pixels, even numbers, which H.264 needs.
        frame_rate: frames per second.
        readout_time_s: seconds between the exposure of the first and the last row; 0 is a global
            shutter.
        ois: whether the lens is shifted against the shake.
        ois_log: whether those shifts are logged; where not, the lens moves all the same.
        gyro_rate_hz: samples per second of the gyro's log; their interval is rounded to whole
            microseconds.
        gyro_noise: standard deviation of each logged angular velocity, rad/s.
        gyro_bias: constant error of the angular velocity about the camera's x, y and z, rad/s.
        clock_offset_s: offset of the gyro's clock: logged times are this much later than the true
            ones at frame 0.
        clock_drift: how fast the offset grows, seconds a second.
        clock_jitter_s: standard deviation of each sample's logged time; no sample overtakes
            another.
        strength: factor on the amplitude of shake, sway and knocks, not of pans, tilts and rolls.
        varied: whether the seed also draws the motion's parameters: amplitudes, step frequency,
            the one frequency at which a mount resonates, speed, pans, tilts and rolls.
        picture_noise: standard deviation of each pixel's brightness, in levels of 255.
        focal_length: in widths of the frame.
        lens: the lens's distortion, with which frames and `transfer` see the scene up to 80° from
            the axis; None for a rectilinear picture.
        seed: determines all that is random.
        angles: pitch, yaw and roll of the camera in place of all of the motion's
            (`recorded_angles` reads a real camera's off its gyro); `strength` is a factor on them
            too. None: the motion's own.

    Raises:
        InputError: a value is impossible; the message names it.
    """

    motion: MotionName = "handheld"
    scene: SceneName = "depth"
    duration_s: float = 6.0
    size: tuple[int, int] = (1280, 720)
    frame_rate: float = 30.0
    readout_time_s: float = 0.030
    ois: bool = True
    gyro_rate_hz: float = 400.0
    gyro_noise: float = 0.0
    gyro_bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seed: int = 0
    ois_log: bool = True
    clock_offset_s: float = 0.0
    clock_drift: float = 0.0
    clock_jitter_s: float = 0.0
    strength: float = 1.0
    varied: bool = False
    picture_noise: float = 0.0
    focal_length: float = Camera.focal_length[0]
    lens: Lens | None = None
    angles: Waves | None = None

    def __post_init__(self) -> None:
        _require_one_of("motion", self.motion, get_args(MotionName))
        _require_one_of("scene", self.scene, get_args(SceneName))
        _require_range("frame_rate", self.frame_rate, 1.0, 1000.0)
        _require_range("duration_s", self.duration_s, 2 / self.frame_rate, 86_400.0)
        _require_range("readout_time_s", self.readout_time_s, 0.0, 1 / self.frame_rate)
        _require_range("gyro_rate_hz", self.gyro_rate_hz, 10.0, 10_000.0)
        _require_range("gyro_noise", self.gyro_noise, 0.0, 10.0)
        for bias in self.gyro_bias:
            _require_range("gyro_bias", bias, -10.0, 10.0)
        _require_range("clock_offset_s", self.clock_offset_s, -0.5, 0.5)
        _require_range("clock_drift", self.clock_drift, -0.01, 0.01)
        _require_range("clock_jitter_s", self.clock_jitter_s, 0.0, 0.1)
        _require_range("strength", self.strength, 0.0, 100.0)
        _require_range("picture_noise", self.picture_noise, 0.0, 255.0)
        _require_range("focal_length", self.focal_length, 0.1, 10.0)
        if any(side < SMALLEST_SIDE or side % 2 for side in self.size):
            raise InputError(
                f"size = {self.size[0]} × {self.size[1]}: both sides must be even, "
                f"and at least {SMALLEST_SIDE} pixels"
            )
        if self.seed < 0:
            raise InputError(f"seed = {self.seed}: give a whole number that is not negative")

    @property
    def camera(self) -> Camera:
        """The camera that films it: that of the released data, but for focal length and lens."""
        return Camera(focal_length=(self.focal_length, self.focal_length), lens=self.lens)

    @property
    def frame_count(self) -> int:
        """How many frames the video has: at least two."""
        return round(self.duration_s * self.frame_rate)


def frame_times_ns(clip: SyntheticClip) -> Int[np.ndarray, "frame"]:
    """Return the middle of the first row's exposure of each frame, int64 nanoseconds."""
    seconds = np.arange(clip.frame_count) / clip.frame_rate
    return START_NS + np.rint(seconds * 1e9).astype(np.int64)


def seconds_since_start(time_ns: Int[np.ndarray, "*batch"]) -> np.ndarray:
    """Return float64 seconds after frame 0, the time argument of the camera's motion."""
    return (time_ns - START_NS) * 1e-9


def _require_one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name} = {value!r} is unknown; choose one of {', '.join(known)}")


def _require_range(name: str, value: float, lowest: float, highest: float) -> None:
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise InputError(f"{name} = {value:g}: give a number from {lowest:g} to {highest:g}")
