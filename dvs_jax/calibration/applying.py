"""A clip whose camera nobody described, with what picture and gyro tell of it."""

import dataclasses
import logging
from typing import Any

from dvs_jax import clip as clips
from dvs_jax import recordings
from dvs_jax.calibration.calibration import FEWEST_FRAMES, Calibration, Known, calibrate
from dvs_jax.clip import Clip
from dvs_jax.sensors import FROM_THE_FIRST, FrameTimes, SensorLog

SECONDS = 6.0
"""How much of the clip's beginning is looked at."""

_log = logging.getLogger("dvs_jax")


def with_camera_found(clip: Clip, frame_times: FrameTimes = FROM_THE_FIRST) -> Clip:
    """Return a clip with the mounting and clock that its first seconds tell, where none is known.

    A note says what was found, or why nothing was: then the clip is as it was. So are clips
    without a gyro, with a described mounting, in the released data's layout, of few frames, or
    whose pixels are not square.

    Args:
        clip: by the recording that is found beside its video or inside.
        frame_times: where its frames' times stand, as it was loaded.

    Raises:
        InputError: a frame cannot be read.
    """
    log = clip.sensors
    if log is None or clip.images is not None or clip.video.pixel_aspect != 1:
        return clip
    beginning = clips.between(clip, 0.0, SECONDS)
    if "gyro_axes" in log.told or beginning.frame_count < FEWEST_FRAMES:
        return clip
    found = calibrate(beginning, Known.of(log))
    if found.doubt:
        _log.info("%s: %s; the usual mounting is assumed", clip.video.path, found.doubt)
        return clip
    _tell(clip, found)
    return dataclasses.replace(
        clip, sensors=_read_anew(clip, found.described(log.told), frame_times)
    )


def _read_anew(clip: Clip, described: dict[str, Any], frame_times: FrameTimes) -> SensorLog | None:
    path, time_ns = clip.video.path, clip.video.time_ns
    recording = recordings.find(path)
    assert recording is not None
    recording = dataclasses.replace(recording, description=described)
    return recordings.on_frames_of(recording, path, time_ns, frame_times)


def _tell(clip: Clip, found: Calibration) -> None:
    camera = found.camera
    _log.info(
        "%s: its first seconds tell the gyro's axes %s, an offset of %.1f ms, a readout of %.1f ms "
        "and a fov of %.2f; dvs-jax calibrate writes what a clip of your own tells",
        clip.video.path,
        ", ".join(camera.gyro_axes),
        camera.clock_offset_s * 1e3,
        camera.readout_time_s * 1e3,
        1.0 / camera.focal_length[0],
    )
