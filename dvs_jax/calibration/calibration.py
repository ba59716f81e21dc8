"""A camera's mounting, clock, readout and focal length, found from a clip and its gyro."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax.calibration.felt import Felt, felt_by, mounting_matrix
from dvs_jax.calibration.fit import Timing, fit
from dvs_jax.calibration.search import LARGEST_OFFSET_S, Found, mountings, search
from dvs_jax.calibration.seen import Seen, seen_in, turns_of
from dvs_jax.camera import Camera, in_shown_pixels
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.sensors import SensorLog

FEWEST_FRAMES = 45
"""With fewer, too much agrees by chance."""

LEAST_AGREEMENT = 0.5
LEAST_AHEAD_OF_MOUNTINGS = 0.1
LEAST_AHEAD_OF_OFFSETS = 0.15
"""What is sure agrees by so much, and by so much more than the next best."""

_SAME_GAIN = 0.05


@dataclass(frozen=True)
class Known:
    """What is known of the camera and is not to be found.

    Attributes:
        focal: the focal length.
        readout: the readout time.
        mounting: the gyro's axes.
        clock: the clock's offset, but for what a frame log or a description may be wrong by: 3 s
            at most.
    """

    focal: bool = False
    readout: bool = False
    mounting: bool = False
    clock: bool = False

    @classmethod
    def of(cls, log: SensorLog) -> "Known":
        """Return what a clip's logs and description tell, but for the mounting."""
        told = (name in log.told for name in ("focal_length", "readout_time_s", "clock_offset_s"))
        focal, readout, clock = told
        return cls(focal, readout, clock=clock)


@dataclass(frozen=True)
class Calibration:
    """What was found.

    Attributes:
        camera: with the mounting, offset, readout time and focal length found, for pictures as
            they are shown.
        found: how well they and the next best agree.
        focal_found: whether the focal length could be told; else it is the one assumed.
        time_s: float64 [pair], the middle of each pair of frames.
        seen: float64 [pair, 3], rad, the turns seen.
        before: likewise, those felt, by the camera assumed before.
        after: likewise, by the camera found.
        drift_found: whether the clock's drift could be told.
    """

    camera: Camera
    found: Found
    focal_found: bool
    time_s: Float[np.ndarray, "pair"]
    seen: Float[np.ndarray, "pair 3"]
    before: Float[np.ndarray, "pair 3"]
    after: Float[np.ndarray, "pair 3"]
    drift_found: bool = False

    def described(self, told: frozenset[str]) -> dict[str, Any]:
        """Return the fields of the camera that are found or were told before, by name."""
        names = {"gyro_axes", "clock_offset_s", "readout_time_s", *told}
        if self.focal_found:
            names.add("focal_length")
        if self.drift_found:
            names.add("clock_drift")
        return {name: getattr(self.camera, name) for name in names}

    @property
    def doubt(self) -> str:
        """What makes it unsure, and what to film; "" where it is sure."""
        found = self.found
        if found.agreement < LEAST_AGREEMENT:
            return (
                f"gyro and pictures agree by {found.agreement:.2f} at best (1 is perfect); either "
                "the camera has stabilised the picture itself, or it hardly turned, or near things "
                "filled the picture"
            )
        if found.agreement - found.next_mounting < LEAST_AHEAD_OF_MOUNTINGS:
            x, y, z = found.moved_deg
            return (
                "another mounting of the gyro agrees nearly as well, since the camera hardly "
                f"turned about some axis ({x:.2f}, {y:.2f}, {z:.2f} degrees a frame about x, y, z)"
            )
        if found.agreement - found.next_offset < LEAST_AHEAD_OF_OFFSETS:
            return "another offset of the clock agrees nearly as well, since the turns are alike"
        return ""


def calibrate(clip: Clip, known: Known | None = None, assumed: Camera | None = None) -> Calibration:
    """Find how a clip's gyro is mounted, its clock, and what of the camera is not known.

    The turns that corners tell from frame to frame are compared with those that the gyro felt, for
    all mountings and offsets of up to 3 s, or all that put the clip within a longer log whose clock
    is not told; then offset, readout and gain are fitted to all corners.

    Args:
        clip: some seconds with turns about all axes, with its gyro.
        known: what is not to be found.
        assumed: the camera to begin with, where it is not that of the clip's sensors.

    Raises:
        InputError: the clip has no gyro, is too short, or cannot be read.
    """
    known = known or Known()
    sensors = clips.recorded(clip)
    camera = assumed or sensors.camera
    if clip.frame_count < FEWEST_FRAMES:
        raise InputError(
            f"{clip.name}: has {clip.frame_count} frames; to compare gyro and pictures takes "
            f"{FEWEST_FRAMES} or more"
        )
    seen, felt = seen_in(clip), felt_by(sensors.gyro, sensors.camera)
    found, timing, focal_found = _fitted(seen, felt, camera, known)
    new = _with(camera, found, timing, focal_found)
    turn = turns_of(seen, new.focal_length[0], new.readout_time_s).vector
    before, after = (_felt(seen, felt, each) for each in (camera, new))
    shown = in_shown_pixels(new, clip.size, float(clip.video.pixel_aspect))
    return Calibration(
        shown, found, focal_found, (seen.begin_s + seen.end_s) / 2, turn, before, after
    )


def _fitted(seen: Seen, felt: Felt, camera: Camera, known: Known) -> tuple[Found, Timing, bool]:
    focal, readout_s = camera.focal_length[0], camera.readout_time_s
    turns = turns_of(seen, focal, readout_s)
    tried = [camera.gyro_axes] if known.mounting else mountings()
    between_s = _between_s(seen, felt, camera, known.clock)
    found = search(seen, turns.vector, felt, readout_s / 2, tried, between_s)
    start = Timing(found.offset_s, readout_s)
    timing = fit(seen, turns.weight, felt, found.axes, start, focal, not known.readout)
    if known.focal or not _is_of_focal(timing.gain):
        return found, timing, False
    # Once more by the focal length found, for the rays that depend on it.
    focal *= math.sqrt(timing.gain[0] * timing.gain[1])
    weight = turns_of(seen, focal, timing.readout_s).weight
    again = fit(seen, weight, felt, found.axes, timing, focal, not known.readout)
    gain = timing.gain[0] * again.gain[0], timing.gain[1] * again.gain[1], again.gain[2]
    return found, again._replace(gain=gain), True


def _between_s(seen: Seen, felt: Felt, camera: Camera, is_told: bool) -> tuple[float, float]:
    """Return the offsets that are tried: around the one assumed, or with which the log has all."""
    least_s, largest_s = (camera.clock_offset_s + LARGEST_OFFSET_S * sign for sign in (-1, 1))
    if is_told:
        return least_s, largest_s
    # Of a log of hours whose video was cut out of it any part may be meant.
    spare_s = (float(seen.end_s[-1] - felt.time_s[-1]), float(seen.begin_s[0] - felt.time_s[0]))
    return min(least_s, spare_s[0]), max(largest_s, spare_s[1])


def _is_of_focal(gain: tuple[float, float, float]) -> bool:
    """Return whether gains are those of a wrong focal length: alike about x and y, none about z."""
    across, down, roll = gain
    return abs(across / down - 1.0) < _SAME_GAIN and abs(roll - 1.0) < _SAME_GAIN


def _with(camera: Camera, found: Found, timing: Timing, focal_found: bool) -> Camera:
    scale = math.sqrt(timing.gain[0] * timing.gain[1]) if focal_found else 1.0
    return dataclasses.replace(
        camera,
        focal_length=(camera.focal_length[0] * scale, camera.focal_length[1] * scale),
        readout_time_s=timing.readout_s,
        gyro_axes=found.axes,
        clock_offset_s=timing.offset_s,
    )


def _felt(seen: Seen, felt: Felt, camera: Camera) -> Float[np.ndarray, "pair 3"]:
    to_log_s = camera.readout_time_s / 2 - camera.clock_offset_s
    turn = felt.turned(seen.begin_s + to_log_s, seen.end_s + to_log_s)
    return turn @ mounting_matrix(camera.gyro_axes).T
