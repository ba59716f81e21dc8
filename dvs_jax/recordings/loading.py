"""Loads a video's sensors from whatever recorded them."""

import dataclasses
import logging
from pathlib import Path

import numpy as np
from jaxtyping import Int

from dvs_jax import sensors
from dvs_jax import video as videos
from dvs_jax.errors import InputError
from dvs_jax.recordings import telemetry
from dvs_jax.recordings.finding import file_of, find, may_hold_telemetry
from dvs_jax.recordings.reading import read
from dvs_jax.sensors import SensorLog, camera_file, gyro
from dvs_jax.sensors.folder import find_logs
from dvs_jax.sensors.frames import FROM_THE_FIRST, FrameTimes
from dvs_jax.sensors.recording import Recording

_SECOND_NS = 1_000_000_000
"""To which creation times are told."""

_log = logging.getLogger("dvs_jax")


def load(
    video: Path,
    video_time_ns: Int[np.ndarray, "frame"],
    recording: Path | None = None,
    *,
    even_stabilized: bool = False,
    frame_times: FrameTimes = FROM_THE_FIRST,
) -> tuple[SensorLog | None, str]:
    """Load a video's sensors, from logs beside it or from telemetry inside it.

    Args:
        video: a video file, or a folder of images with the logs beside the folder.
        video_time_ns: int64 presentation time of each frame (see `sensors.load`).
        recording: the file that recorded the gyro; by default what `find` finds.
        even_stabilized: whether the gyro is taken even where the camera says that it has stabilised
            the picture itself. It always is where the recording is named.
        frame_times: where the frames' times stand.

    Returns:
        The sensors, and "". None where nothing was recorded, or where the camera has stabilised
        the picture, since the gyro does not tell how that moves: then with this reason.

    Raises:
        InputError: a recording cannot be read, or as `sensors.load`.
    """
    found = find(video) if recording is None else read(recording)
    if found is None:
        _tell_of_telemetry(video)
        return None, ""
    if found.stabilized_by and recording is None and not even_stabilized:
        return None, why_withheld(found)
    if found.kind not in ("", gyro.RELEASED):
        _log.info("%s: %s", found.file, found.kind)
    return on_frames_of(found, video, video_time_ns, frame_times), ""


def on_frames_of(
    recording: Recording,
    video: Path,
    video_time_ns: Int[np.ndarray, "frame"],
    frame_times: FrameTimes,
) -> SensorLog | None:
    """Return the sensors of a video by a recording (see `sensors.load`), on its clock."""
    if frame_times.file is None:
        recording = on_clock_of(recording, video, video_time_ns)
    return sensors.load(video, video_time_ns, recording, frame_times)


def why_withheld(recording: Recording) -> str:
    """Return why the gyro of a camera that has stabilised its picture is not used."""
    return (
        f"{recording.model or 'the camera'} has stabilised the picture itself "
        f"({recording.stabilized_by}), so its gyro does not tell how that moves and is left out; "
        "--sensors always takes it all the same"
    )


def _tell_of_telemetry(video: Path) -> None:
    if may_hold_telemetry(video) and not telemetry.is_installed():
        _log.info("%s: holds data that may be a gyro's; %s", video, telemetry.ADVICE)


def on_clock_of(
    recording: Recording, video: Path, video_time_ns: Int[np.ndarray, "frame"]
) -> Recording:
    """Return a program's recording with a guess of its clock's offset, where it is far off.

    Logs in this package's own layouts, and those beside a frame log, are on the right clock.

    Args:
        recording: what was read.
        video: beside which a frame log or a camera's description may lie.
        video_time_ns: int64 presentation time of each frame.
    """
    files = find_logs(video)
    is_own = recording.kind in ("", gyro.RELEASED) or files.frame is not None
    is_told = recording.follows_video or "clock_offset_s" in recording.description
    if is_own or is_told or len(video_time_ns) == 0:
        return recording
    offset_s = 0.0 if files.camera is None else camera_file.read(files.camera).clock_offset_s
    lasts_ns = int(video_time_ns[-1] - video_time_ns[0])
    first, last = (int(recording.time_ns[at]) + round(offset_s * 1e9) for at in (0, -1))
    if offset_s or (first <= lasts_ns and last >= 0):
        return recording
    return _with_guess(recording, video, lasts_ns)


def _with_guess(recording: Recording, video: Path, lasts_ns: int) -> Recording:
    """Return a recording whose clock is set by when the video was made, or by its first sample."""
    first, last = int(recording.time_ns[0]), int(recording.time_ns[-1])
    created = None if video.is_dir() else videos.created_ns(video)
    # Cameras note when they began, or when they ended.
    begins = [] if created is None else [created, created - lasts_ns]
    within = [each for each in begins if first <= each and each + lasts_ns <= last + _SECOND_NS]
    at_ns = within[0] if within else first
    taken = "the video's creation time tells" if within else "its first sample is taken for"
    _log.warning(
        "%s: its times are not the video's (they begin at %.3f s), so %s the first frame's; "
        "clock_offset_ms under [gyro] in camera.toml tells the difference",
        recording.file,
        first / 1e9,
        taken,
    )
    described = {**recording.description, "clock_offset_s": -at_ns / 1e9}
    return dataclasses.replace(recording, description=described, clock_is_guessed=True)


def no_gyro(video: Path) -> InputError:
    """Return the error for a video whose gyro is needed but missing, or was not taken."""
    # A log was left out; whether it can be read does not matter.
    found = None if (log := file_of(video)) else find(video)
    if found is not None and found.stabilized_by:
        return InputError(f"{video}: this needs the gyro, and {why_withheld(found)}")
    is_recorded = log is not None or found is not None
    error = sensors.no_gyro(video, is_recorded)
    if not is_recorded and may_hold_telemetry(video) and not telemetry.is_installed():
        return InputError(f"{error}; or, for what is inside the video, {telemetry.ADVICE}")
    return error
