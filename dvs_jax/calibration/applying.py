"""A clip whose camera nobody described, with what picture and gyro tell of it."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from dvs_jax import clip as clips
from dvs_jax import recordings
from dvs_jax.calibration.calibration import FEWEST_FRAMES, Calibration, Known, calibrate
from dvs_jax.calibration.felt import felt_by
from dvs_jax.calibration.search import without_slow
from dvs_jax.clip import Clip
from dvs_jax.sensors import FROM_THE_FIRST, FrameTimes

SECONDS = 6.0
"""How much of the clip is looked at."""

WITHIN_S = 15.0
"""From the clip's beginning: pictures before those that are looked at have to be decoded too."""

LEAST_OFFSET_S = 0.003
"""Clocks that are nearer than this are left alone: the pictures tell them to 2 ms."""

_log = logging.getLogger("dvs_jax")


def with_camera_found(
    clip: Clip, recording: Path | None = None, frame_times: FrameTimes = FROM_THE_FIRST
) -> Clip:
    """Return a clip with the mounting and clock that some seconds of it tell, where none is known.

    Where the mounting is known, the clock alone is found. A note says what was found, or why
    nothing was: then the clip is as it was. So are clips without a gyro, of few frames, or whose
    mounting and clock are both told: by camera.toml, by the recording, or, of the clock, by a
    frame log beside it.

    Args:
        clip: what `load_clip` found.
        recording: the file that recorded its gyro, where one was named.
        frame_times: where its frames' times stand, as it was loaded.

    Raises:
        InputError: a frame cannot be read.
    """
    log = clip.sensors
    if log is None or clip.images is not None or {"gyro_axes", "clock_offset_s"} <= log.told:
        return clip
    part = _liveliest(clip)
    if part.frame_count < FEWEST_FRAMES:
        return clip
    if "gyro_axes" not in log.told:
        return _with_mounting(clip, calibrate(part, Known.of(log)), recording, frame_times)
    known = Known(focal=True, readout=True, mounting=True)
    return _with_clock(clip, calibrate(part, known), recording, frame_times)


def _liveliest(clip: Clip) -> Clip:
    """Return the seconds near a clip's beginning in which its gyro felt most."""
    head = clips.between(clip, 0.0, WITHIN_S)
    log = clips.recorded(head)
    time_s = log.frames.time_ns * 1e-9
    elapsed_s = time_s - time_s[0]
    if elapsed_s[-1] <= SECONDS:
        return head
    felt_s = time_s - log.camera.clock_offset_s
    turn = felt_by(log.gyro, log.camera).turned(felt_s[:-1], felt_s[1:])
    per_s = len(turn) / elapsed_s[-1]
    fast = without_slow(turn, per_s, axis=0)
    count = round(SECONDS * per_s)
    # Deviations and not squares: turns about all three axes tell more than strong ones about one.
    mean = scipy.ndimage.uniform_filter1d(fast * fast, count, axis=0, mode="constant")
    moved = np.sqrt(np.maximum(mean, 0.0)).sum(axis=1)
    middle_s = elapsed_s[int(np.argmax(moved))]
    start_s = min(max(middle_s - SECONDS / 2, 0.0), elapsed_s[-1] - SECONDS)
    return clips.between(clip, start_s, start_s + SECONDS)


def _with_mounting(
    clip: Clip, found: Calibration, recording: Path | None, frame_times: FrameTimes
) -> Clip:
    path, camera = clip.video.path, found.camera
    if found.doubt:
        _log.info("%s: %s; the usual mounting is assumed", path, found.doubt)
        return clip
    _log.info(
        "%s: some seconds of it tell the gyro's axes %s, an offset of %.1f ms, a readout of %.1f "
        "ms and a fov of %.2f; dvs-jax calibrate writes what a clip of your own tells",
        path,
        ", ".join(camera.gyro_axes),
        camera.clock_offset_s * 1e3,
        camera.readout_time_s * 1e3,
        1.0 / camera.focal_length[0],
    )
    return _read_anew(clip, found.described(clips.recorded(clip).told), recording, frame_times)


def _with_clock(
    clip: Clip, found: Calibration, recording: Path | None, frame_times: FrameTimes
) -> Clip:
    path, log, offset_s = clip.video.path, clips.recorded(clip), found.camera.clock_offset_s
    if found.doubt:
        _log.info("%s: %s; the gyro's clock is taken as it is", path, found.doubt)
        return clip
    if abs(offset_s - log.camera.clock_offset_s) < LEAST_OFFSET_S:
        return clip
    _log.info(
        "%s: some seconds of it tell that the gyro's clock is %.1f ms off, which is corrected; "
        "clock_offset_ms in camera.toml goes before it",
        path,
        offset_s * 1e3,
    )
    described = {name: getattr(found.camera, name) for name in {*log.told, "clock_offset_s"}}
    return _read_anew(clip, described, recording, frame_times)


def _read_anew(
    clip: Clip, described: dict[str, Any], file: Path | None, frame_times: FrameTimes
) -> Clip:
    path, time_ns = clip.video.path, clip.video.time_ns
    recording = recordings.find(path) if file is None else recordings.read(file)
    assert recording is not None
    recording = dataclasses.replace(recording, description=described)
    log = recordings.on_frames_of(recording, path, time_ns, frame_times)
    assert log is not None
    return dataclasses.replace(clip, sensors=clips.as_stored(log, clip.video))
