"""Loads a video's sensors from the logs that lie beside it."""

import dataclasses
import logging
from pathlib import Path

import numpy as np
from jaxtyping import Int

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError, document
from dvs_jax.sensors import accelerometer, camera_file, columns, coverage, frames, gyro, ois, table
from dvs_jax.sensors.folder import LogFiles, find_logs
from dvs_jax.sensors.frames import FROM_THE_FIRST, FrameTimes
from dvs_jax.sensors.log import AccelerometerLog, FrameLog, OisLog, SensorLog
from dvs_jax.sensors.recording import Recording

_ROUNDING = 1.01
"""How much longer than the frame interval the readout may be, since both are rounded."""

_log = logging.getLogger("dvs_jax")


def load(
    video: Path,
    video_time_ns: Int[np.ndarray, "frame"],
    recording: Recording | None = None,
    frame_times: FrameTimes = FROM_THE_FIRST,
) -> SensorLog | None:
    """Load the sensor logs and the camera description that lie beside a video.

    Whatever is missing, except the gyro log, has a default, and a warning says what it costs: no
    lens shift, the video's own timestamps, the camera of the released data (only a note if the gyro
    log has the released data's layout).

    Args:
        video: a video file, or a folder of images with the logs beside the folder.
        video_time_ns: int64 presentation time of each frame, increasing. Times count from the first
            frame's, which is 0 on the gyro's clock (plus the camera's clock offset) if there is no
            frame log; with one, only their count matters.
        recording: what a gyro measured, with what its file tells about the camera; by default what
            the gyro log beside the video holds. The camera description beside the video goes first.
        frame_times: where the frames' times stand.

    Returns:
        The clip's sensors; `frames` is as long as the shorter of video and frame log. None where
        there is no gyro log (see `no_gyro`).

    Raises:
        InputError: several logs for one sensor, a log or description that is not
            in its format (see the formats' `read`), or logs that do not overlap the frames.
    """
    files = logs_of(video, frame_times)
    if recording is None:
        if files.gyro is None:
            return None
        recording = read(files.gyro)
    if len(video_time_ns) == 0:
        raise InputError(f"{video}: the video has no frames")
    described = {} if files.camera is None else camera_file.described_by(files.camera)
    camera = dataclasses.replace(recording.camera, **described)
    # Cameras that write their gyro into the video have no other logs, nor lenses that move.
    if not recording.follows_video:
        _warn_of_missing_logs(files)
    frame_log = _frame_log(files, camera, video_time_ns, frame_times.first)
    _warn_of_long_readout(files, frame_log)
    path = gyro.poses(recording, camera, int(frame_log.time_ns[0]))
    coverage.require_overlap(recording.file, path.time_ns, frame_log.time_ns)
    coverage.warn_of_uncovered_frames(
        recording.file, path.time_ns, frame_log.time_ns, frame_log.readout_ns, "camera"
    )
    ois_log = _ois_log(files, camera, frame_log)
    if files.camera is None:
        _tell_assumed_camera(files, camera, recording)
    accelerations = _accelerometer(files, recording, camera, int(frame_log.time_ns[0]))
    guessed = {"clock_offset_s"} if recording.clock_is_guessed else set()
    by_recording = recording.description.keys() - guessed
    told = frozenset(by_recording | described.keys() | _implied(recording, files))
    return SensorLog(camera, path, ois_log, frame_log, accelerations, told)


def _implied(recording: Recording, files: LogFiles) -> set[str]:
    """Return the fields of `Camera` that a log tells by what it is, by name."""
    # The released data's mounting is known, and poses are the camera's.
    has_mounting = recording.kind == gyro.RELEASED or recording.motion.shape[1] == 4
    # A frame log has the gyro's own clock.
    told = {"gyro_axes": has_mounting, "clock_offset_s": files.frame is not None}
    return {name for name, is_told in told.items() if is_told}


def logs_of(video: Path, frame_times: FrameTimes) -> LogFiles:
    """Return the logs beside a video, with the frame log that was chosen.

    Raises:
        InputError: as `find_logs`; or a line was chosen, but there is no frame log.
    """
    files = find_logs(video)
    files = dataclasses.replace(files, frame=frame_times.file or files.frame)
    if files.frame is None and frame_times.first != 1:
        raise InputError(
            f"{video}: no frame log beside it, in which --start-number would count; name one by "
            "--frame-times"
        )
    return files


def read(file: Path) -> Recording:
    """Read a gyro log in one of this package's layouts, with the accelerometer's columns in it.

    Raises:
        InputError: it is no such log (see `gyro.measured`).
    """
    log = table.read(file)
    return dataclasses.replace(gyro.measured(log), accelerometer=accelerometer.find(log))


def _accelerometer(
    files: LogFiles, recording: Recording, camera: Camera, first_frame_ns: int
) -> AccelerometerLog | None:
    found = recording.accelerometer
    if files.accelerometer is not None:
        log = table.read(files.accelerometer)
        found = accelerometer.find(log)
        if found is None:
            # Apps write one beside the gyro's, often without the gravity that would be needed.
            unknown = columns.unknown_layout(log, [accelerometer.LAYOUT])
            _log.info("%s; it is left out, and only --horizon-lock needs it", unknown)
    return None if found is None else accelerometer.in_camera(found, camera, first_frame_ns)


def frame_log(
    video: Path, video_time_ns: Int[np.ndarray, "frame"], frame_times: FrameTimes = FROM_THE_FIRST
) -> FrameLog | None:
    """Return the frame log of a video, as `load` would; None where there is none.

    Raises:
        InputError: as `load`.
    """
    files = logs_of(video, frame_times)
    if files.frame is None:
        return None
    camera = Camera() if files.camera is None else camera_file.read(files.camera)
    return _frame_log(files, camera, video_time_ns, frame_times.first)


def no_gyro(video: Path, is_recorded: bool = False) -> InputError:
    """Return the error for a video whose gyro is needed but missing, or was not read.

    Args:
        video: the video.
        is_recorded: whether there is a recording other than a log of its own layout.
    """
    files = find_logs(video)
    if is_recorded or files.gyro is not None:
        return InputError(
            f"{video}: this way of stabilising needs the gyro, and the sensors are to be left out; "
            "let them be read, or choose a method that needs none"
        )
    stem = video.name if video.is_dir() else video.stem
    return InputError(
        f"{files.folder}: no gyro log for {video.name}; its pose comes from the gyro, so record "
        f"one and name it {stem}_gyro.csv (or any .txt or .csv with gyro in its name): a first "
        "line t_s,wx,wy,wz, then a sample a line, seconds and rad/s"
    )


def _tell_assumed_camera(files: LogFiles, camera: Camera, recording: Recording) -> None:
    """Warn of an assumed camera; for logs in the released layout it is known, so only a note."""
    fov, axes = 1.0 / camera.focal_length[0], ", ".join(camera.gyro_axes)
    readout = f"a readout time of {camera.readout_time_s * 1e3:.0f} ms"
    assumed = {
        "focal_length": f"a fov of {fov:.2f} (picture width / focal length)",
        "gyro_axes": f"gyro axes {axes}",
        "readout_time_s": readout
        if files.frame is None
        else f", where the frame log tells none, {readout}",
    }
    untold = [text for name, text in assumed.items() if name not in recording.description]
    if not untold:
        return
    listed = " and ".join(filter(None, (", ".join(untold[:-1]), untold[-1])))
    _log.log(
        logging.INFO if recording.kind == gyro.RELEASED else logging.WARNING,
        "%s: no camera.toml; assuming %s; %s tells how to find a camera's own",
        files.folder,
        listed.replace("and ,", "and,"),
        document("cameras.md"),
    )


def _frame_log(
    files: LogFiles,
    camera: Camera,
    video_time_ns: Int[np.ndarray, "frame"],
    first: int,
) -> FrameLog:
    if files.frame is None:
        return frames.without_log(video_time_ns, camera)
    log = frames.read(files.frame, camera, first)
    count = min(len(log), len(video_time_ns))
    # Whoever tells the first frame's line knows that the log is a longer recording's.
    if len(log) < len(video_time_ns) or (len(log) > count and first == 1):
        _log.warning(
            "%s: %d frames in the log, %d in the video; only the first %d are used%s",
            *(files.frame, len(log), len(video_time_ns), count),
            "; --start-number tells which of the log is the first" if len(log) > count else "",
        )
    return FrameLog(log.time_ns[:count], log.readout_ns[:count], log.ois_time_ns[:count])


def _warn_of_missing_logs(files: LogFiles) -> None:
    missing = []
    if files.frame is None:
        missing.append(
            "no frame log; the video's own timestamps stand in, which lie some milliseconds off "
            "the exposures and may leave jitter"
        )
    if files.ois is None:
        missing.append("no OIS log; shifts of the lens, if there were any, stay")
    if missing:
        _log.warning("%s: %s", files.folder, "; ".join(missing))


def _warn_of_long_readout(files: LogFiles, frame_log: FrameLog) -> None:
    if len(frame_log) < 2:
        return
    # Medians: a dropped frame must not change the interval.
    interval_ms = np.median(np.diff(frame_log.time_ns)) / 1e6
    readout_ms = np.median(frame_log.readout_ns) / 1e6
    if readout_ms > interval_ms * _ROUNDING:
        _log.warning(
            "%s: a readout of %.1f ms is longer than the %.1f ms from frame to frame, which no "
            "sensor does; see %s on readout_time_ms",
            files.frame or files.camera or files.folder,
            readout_ms,
            interval_ms,
            document("cameras.md"),
        )


def _ois_log(files: LogFiles, camera: Camera, frame_log: FrameLog) -> OisLog | None:
    if files.ois is None:
        return None
    log = ois.read(files.ois, camera)
    coverage.require_overlap(files.ois, log.time_ns, frame_log.ois_time_ns)
    coverage.warn_of_uncovered_frames(
        files.ois, log.time_ns, frame_log.ois_time_ns, frame_log.readout_ns, "lens"
    )
    return log
