"""Finds what recorded the gyro of a video: a log beside it, or telemetry inside it."""

from collections.abc import Iterator
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.recordings import gcsv, gopro, packets, telemetry
from dvs_jax.recordings.reading import is_known_log, read
from dvs_jax.sensors.folder import files_beside, find_logs
from dvs_jax.sensors.recording import Recording

_TEXTS = (".csv", ".txt")


def log_beside(video: Path) -> Path | None:
    """Return the gyro log that lies beside a video, whoever wrote it, or None.

    A log that is named as one (see `find_logs`) goes first, then .gcsv, then any .csv or .txt of
    the video's own name that begins as a known program's does.

    Raises:
        InputError: no such folder, or several logs for the video.
    """
    named = find_logs(video).gyro
    return named or _only(video, _logs(video, own=True))


def _logs(video: Path, *, own: bool) -> Iterator[Path]:
    """Yield logs of known programs with the video's own name, or those that belong to no video."""
    place = 0 if own else 1
    gyroflow, texts = (files_beside(video, each)[place] for each in ((gcsv.SUFFIX,), _TEXTS))
    yield from gyroflow or filter(is_known_log, texts)


def _only(video: Path, found: Iterator[Path]) -> Path | None:
    files = sorted(set(found))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise InputError(f"{video}: several gyro logs beside it ({names}); keep one, or name one")
    return files[0] if files else None


def file_of(video: Path) -> Path | None:
    """Return the log outside of a video that `find` reads, or would if nothing were inside it."""
    return log_beside(video) or _only(video, _logs(video, own=False))


def find(video: Path) -> Recording | None:
    """Return what recorded a video's gyro, or None where nothing did.

    A log of the video's own goes first, then telemetry inside it, then a log in its folder that
    begins as a known program's does and belongs to no other video.

    Args:
        video: a video file, or a folder of images.

    Raises:
        InputError: several logs, or one that cannot be read (see `read`).
    """
    beside = log_beside(video)
    if beside is not None:
        return read(beside)
    inside = None if video.is_dir() else gopro.read(video)
    if inside is not None:
        return inside
    shared = _only(video, _logs(video, own=False))
    if shared is not None:
        return read(shared)
    if may_hold_telemetry(video) and telemetry.is_installed():
        return telemetry.read(video)
    return None


def may_hold_telemetry(video: Path) -> bool:
    """Return whether a camera wrote data into a video that is neither picture, sound nor text."""
    return not video.is_dir() and packets.has_data(video)
