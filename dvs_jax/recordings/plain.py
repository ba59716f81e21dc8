"""Writes a recording in this package's own layout: gyro log and camera.toml beside the video."""

import dataclasses
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import video as videos
from dvs_jax.errors import InputError
from dvs_jax.recordings import telemetry
from dvs_jax.recordings.finding import find, log_beside, may_hold_telemetry
from dvs_jax.recordings.loading import on_clock_of
from dvs_jax.recordings.reading import read
from dvs_jax.sensors import FROM_THE_FIRST, FrameTimes, camera_file, frames
from dvs_jax.sensors.folder import LogFiles, is_video
from dvs_jax.sensors.loading import logs_of
from dvs_jax.sensors.recording import Recording
from dvs_jax.whole_file import locked, replacing_together

_NS = 1_000_000_000

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class Imported:
    """What was written.

    Attributes:
        recording: what was read.
        files: all files.
        untold: what camera.toml does not say, since the recording does not.
    """

    recording: Recording
    files: tuple[Path, ...]
    untold: tuple[str, ...]


def write_plain(recording: Path, out: Path, frame_times: FrameTimes = FROM_THE_FIRST) -> Imported:
    """Write a recording as a clip that `load_clip` reads without knowing who recorded it.

    Args:
        recording: a video, with telemetry inside or a log beside it; a folder of pictures with a
            log beside it; or a log, whose video lies beside it or is put beside the written log
            later.
        out: folder for the gyro log, camera.toml, other logs of the video, and the video itself (a
            hard link to it where the file system can, else a copy); made if it is missing.
        frame_times: where the times of the video's frames stand.

    Raises:
        InputError: no gyro is recorded, the recording cannot be read, or `out` has one of the
            files.
    """
    video, found = _found(recording, frame_times)
    source = video or recording
    name = source.name if source.is_dir() else source.stem
    logs = None if video is None else logs_of(video, frame_times)
    described = found.description
    if logs is not None and logs.camera is not None:
        camera = camera_file.read(logs.camera, found.camera)
        described = {each.name: getattr(camera, each.name) for each in dataclasses.fields(camera)}
    with locked(out, f"an import of {name}"), replacing_together(out) as unfinished:
        (unfinished / camera_file.NAME).write_text(camera_file.text_of(described))
        _write_gyro(unfinished / f"{name}_gyro.csv", found)
        _write_accelerometer(unfinished / f"{name}_accel.csv", found)
        if video is not None and logs is not None:
            _write_other_logs(unfinished / name, video, logs, frame_times.first)
            if out.absolute() != video.absolute().parent:
                _link(video, unfinished / video.name)
        names = sorted(each.name for each in unfinished.iterdir() if each.name[0] != ".")
        _require_free(out, names)
    return Imported(found, tuple(out / each for each in names), camera_file.untold(described))


def _write_other_logs(stem: Path, video: Path, logs: LogFiles, first: int) -> None:
    for role, file in {"ois": logs.ois, "accel": logs.accelerometer}.items():
        if file is not None:
            shutil.copyfile(file, f"{stem}_{role}{file.suffix}")
    if logs.frame is not None:
        times = frames.lines_of(logs.frame, first, videos.probe(video).frame_count)
        Path(f"{stem}_frame{logs.frame.suffix}").write_text("".join(times), encoding="utf-8")


def _found(recording: Path, frame_times: FrameTimes) -> tuple[Path | None, Recording]:
    """Return the video, if there is one, and what recorded its gyro, on its clock."""
    has_video = recording.is_dir() or (is_video(recording) and recording.is_file())
    video = recording if has_video else next(_videos_of(recording), None)
    found = find(recording) if has_video else read(recording)
    if found is None:
        hint = f"; {telemetry.ADVICE}" if may_hold_telemetry(recording) else ""
        raise InputError(f"{recording}: no gyro is recorded inside or beside this video{hint}")
    if found.stabilized_by:
        _log.warning(
            "%s: %s has stabilised the picture itself (%s), so its gyro does not tell how that "
            "moves; the written log cannot say so",
            *(recording, found.model or "the camera", found.stabilized_by),
        )
    if video is not None and frame_times.file is None:
        found = on_clock_of(found, video, videos.probe(video).time_ns)
    return video, _by_guess(found) if found.clock_is_guessed else found


def _by_guess(recording: Recording) -> Recording:
    """Return a recording with the offset that was guessed of its clock added to its times."""
    described = dict(recording.description)
    by_ns = round(described.pop("clock_offset_s") * 1e9)
    log = recording.accelerometer
    if log is not None:
        log = dataclasses.replace(log, time_ns=log.time_ns + by_ns)
    time_ns = recording.time_ns + by_ns
    return dataclasses.replace(recording, time_ns=time_ns, accelerometer=log, description=described)


def _videos_of(log: Path) -> Iterator[Path]:
    for file in sorted(log.absolute().parent.iterdir()):
        if is_video(file) and log_beside(file) == log.absolute():
            yield file


def _require_free(out: Path, names: list[str]) -> None:
    for name in names:
        if (out / name).exists():
            raise InputError(f"{out / name}: exists already; remove it, or name another folder")


def _link(video: Path, to: Path) -> None:
    if video.is_dir():
        to.mkdir()
        for picture in videos.list_images(video):
            _link(picture, to / picture.name)
        return
    try:
        os.link(video, to)
    except OSError:
        shutil.copyfile(video, to)


def _write_gyro(file: Path, recording: Recording) -> None:
    motion = recording.motion
    names = ("qx", "qy", "qz", "qw") if motion.shape[1] == 4 else ("wx", "wy", "wz")
    unit = "" if motion.shape[1] == 4 else "_rad_s"
    header = ",".join(("t_s", *(name + unit for name in names)))
    _write_rows(file, header, _rows(recording.time_ns, motion))


def _write_accelerometer(file: Path, recording: Recording) -> None:
    log = recording.accelerometer
    if log is not None:
        _write_rows(file, "t_s,ax,ay,az", _rows(log.time_ns, log.acceleration))


def _rows(
    time_ns: Int[np.ndarray, "sample"], values: Float[np.ndarray, "sample component"]
) -> Iterator[str]:
    """Yield a line a sample; the time has all its digits."""
    for time, sample in zip(time_ns.tolist(), values.tolist(), strict=True):
        sign, (seconds, rest) = "-" if time < 0 else "", divmod(abs(time), _NS)
        yield ",".join((f"{sign}{seconds}.{rest:09}", *(f"{value:.9g}" for value in sample)))


def _write_rows(file: Path, header: str, rows: Iterator[str]) -> None:
    with file.open("w", encoding="utf-8") as text:
        text.write(header + "\n")
        text.writelines(row + "\n" for row in rows)
