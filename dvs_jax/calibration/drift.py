"""How much the gyro's clock drifts: its offset at a clip's beginning and at its end."""

import dataclasses
import math

from dvs_jax import clip as clips
from dvs_jax.calibration.calibration import FEWEST_FRAMES, Calibration, Known, calibrate
from dvs_jax.camera import in_stored_pixels
from dvs_jax.clip import Clip

SHORTEST_S = 60.0
"""Between the two: the offsets are right to 2 ms each, and clocks drift by some 10 µs a second."""

LEAST_CHANGE_S = 0.006


def with_drift(clip: Clip, part: Clip, found: Calibration) -> Calibration:
    """Return what was found in a part of a clip, with the drift that its last seconds tell.

    Args:
        clip: the whole.
        part: some seconds of it.
        found: what they tell.

    Returns:
        The same where the clip is too short to tell a drift, its last seconds tell no offset that
        is sure, or the offset is the same there.

    Raises:
        InputError: a frame cannot be read.
    """
    last = _last(clip, part)
    first_s = clips.recorded(clip).frames.time_ns[0] * 1e-9
    middle_s, last_middle_s = (_middle_s(each) - first_s for each in (part, last))
    if last.frame_count < FEWEST_FRAMES or last_middle_s - middle_s < SHORTEST_S:
        return found
    aspect = float(clip.video.pixel_aspect)
    camera = in_stored_pixels(found.camera, clip.size, aspect)
    again = calibrate(last, Known(focal=True, readout=True, mounting=True, clock=True), camera)
    change_s = again.camera.clock_offset_s - found.camera.clock_offset_s
    if again.doubt or abs(change_s) < LEAST_CHANGE_S:
        return found
    drift = change_s / (last_middle_s - middle_s)
    drifting = dataclasses.replace(
        found.camera,
        clock_offset_s=found.camera.clock_offset_s - drift * middle_s,
        clock_drift=found.camera.clock_drift + drift,
    )
    return dataclasses.replace(found, camera=drifting, drift_found=True)


def _last(clip: Clip, part: Clip) -> Clip:
    """Return the end of a clip, as long as a part of it."""
    time_s, part_s = (each.video.time_ns[: each.frame_count] * 1e-9 for each in (clip, part))
    start_s = (time_s[-1] - time_s[0]) - (part_s[-1] - part_s[0])
    return clips.between(clip, max(start_s, 0.0), math.inf)


def _middle_s(clip: Clip) -> float:
    return float(clips.recorded(clip).frames.time_ns[[0, -1]].mean()) * 1e-9
