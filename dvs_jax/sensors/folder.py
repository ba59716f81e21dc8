"""Finds the sensor logs that lie beside a video."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dvs_jax.errors import InputError

VIDEO_SUFFIXES = (
    *(".mp4", ".mov", ".mkv", ".m4v", ".avi", ".webm", ".3gp", ".mxf"),
    *(".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".vob", ".mod", ".wmv", ".flv", ".insv"),
)

_LOG_SUFFIXES = frozenset({".txt", ".csv"})

_ROLES = ("gyro", "accel", "ois", "frame")
"""The parts of file names that tell a log's sensor; if a name has several, the first counts."""


def is_video(file: Path) -> bool:
    """Return whether a file is a video, by its name."""
    return file.suffix.lower() in VIDEO_SUFFIXES


@dataclass(frozen=True)
class LogFiles:
    """The files that describe one video; None where there is none."""

    folder: Path
    gyro: Path | None
    ois: Path | None
    frame: Path | None
    camera: Path | None
    accelerometer: Path | None


def find_logs(video: Path) -> LogFiles:
    """Find a video's logs and camera description in its folder, by name.

    A log is a .txt or .csv file whose name contains its role: gyro, accel, ois or frame. A file
    whose name starts with a video's name belongs to that video alone, and is preferred to files
    whose name starts with no video's. A folder of images is looked up by its own name, then by its
    parent's. The camera's description is `<video's name>.toml`, or else `camera.toml`. `<clip's
    name>.txt` is never a log: an earlier run writes the virtual camera's path there.

    Args:
        video: a video file, or a folder of images, whose logs lie beside the folder.

    Raises:
        InputError: no such folder, or several files for one role.
    """
    folder, own, files, stems = _beside(video)
    logs = [path for path in files if path.suffix.lower() in _LOG_SUFFIXES]
    logs = [path for path in logs if path.name != f"{own[-1]}.txt" and not _is_spare(path)]
    gyro, accelerometer, ois, frame = (_log_of(role, logs, own, stems) for role in _ROLES)
    described = (folder / f"{name}.toml" for name in (*own, "camera"))
    camera = next((path for path in described if path.is_file()), None)
    return LogFiles(folder, gyro, ois, frame, camera, accelerometer)


def files_beside(video: Path, suffixes: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """Return the files with one of these suffixes beside a video that `find_logs` passes over.

    Args:
        video: a video file, or a folder of images.
        suffixes: in small letters.

    Returns:
        Those whose names start with the video's, and those whose names start with no video's.

    Raises:
        InputError: no such folder.
    """
    _, own, files, stems = _beside(video)
    mine, shared = [], []
    for path in files:
        owner = _owner(path, stems)
        suffix = path.suffix.lower()
        is_log = suffix in _LOG_SUFFIXES and _role(path.stem[len(owner) :] or path.stem)
        if suffix not in suffixes or is_log or path.name == f"{own[-1]}.txt":
            continue
        if owner in own:
            mine.append(path)
        elif not owner:
            shared.append(path)
    return mine, shared


def _beside(video: Path) -> tuple[Path, tuple[str, ...], list[Path], set[str]]:
    """Return a video's folder, its own names, the files there, and the names of all videos."""
    video = video.absolute()
    folder = video.parent
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    own = tuple(filter(None, (video.name, folder.name))) if video.is_dir() else (video.stem,)
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    stems = {*own} | {path.stem for path in files if path.suffix.lower() in VIDEO_SUFFIXES}
    return folder, own, files, stems


def _log_of(
    role: str, logs: Iterable[Path], own: tuple[str, ...], stems: Iterable[str]
) -> Path | None:
    by_owner: dict[str, list[Path]] = {}
    for path in logs:
        owner = _owner(path, stems)
        if _role(path.stem[len(owner) :] or path.stem) == role:
            by_owner.setdefault(owner, []).append(path)
    candidates = next(filter(None, (by_owner.get(owner) for owner in (*own, ""))), [])
    if len(candidates) > 1:
        names = ", ".join(path.name for path in candidates)
        raise InputError(
            f"{candidates[0].parent}: several {role} logs ({names}); keep one, "
            f"or start its name with the video's, {own[0]}_{role}.txt"
        )
    return candidates[0] if candidates else None


def _is_spare(path: Path) -> bool:
    """Return whether a phone's app wrote this beside the log of the same sensor."""
    return path.stem.lower() in ("gyroscopeuncalibrated", "accelerometeruncalibrated")


def _owner(path: Path, stems: Iterable[str]) -> str:
    """Return the longest video name with which the log's name starts, in whole words, or ""."""
    return max((stem for stem in stems if _starts_with(path.stem, stem)), key=len, default="")


def _starts_with(name: str, stem: str) -> bool:
    rest = name[len(stem) :].lower()
    # Open Camera Sensors writes VID_1gyro.csv beside VID_1.mp4.
    return name.startswith(stem) and (rest.startswith(_ROLES) or not rest[:1].isalnum())


def _role(name: str) -> str | None:
    if name.lower() == "_timestamps":
        return "frame"
    return next((role for role in _ROLES if role in name.lower()), None)
