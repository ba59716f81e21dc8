"""The note that a clip was finished, by which a later run can skip it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dvs_jax
from dvs_jax import recordings
from dvs_jax.bounded_file import read_json
from dvs_jax.clip import find_video
from dvs_jax.errors import InputError, reading
from dvs_jax.flow import flow_folder
from dvs_jax.sensors import camera_file
from dvs_jax.sensors.folder import find_logs
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.report import Report
from dvs_jax.whole_file import replacing

Settings = Mapping[str, Any]
"""All settings that the results depend on, as JSON values."""


def source_of(job: Job) -> str:
    """Return a digest of the sizes and modification times of a clip's files.

    These are its video or images, its logs, and its flow files where it has any.

    Raises:
        InputError: there is no video, or several, or several logs of one kind.
        OSError: a file's status cannot be read.
    """
    video = find_video(job.clip)
    logs = find_logs(video)
    files = [*video.iterdir()] if video.is_dir() else [video]
    gyro = recordings.file_of(video)
    files += filter(None, (gyro, logs.accelerometer, logs.ois, logs.frame, logs.camera))
    profile = None if logs.camera is None else camera_file.profile_of(logs.camera)
    files += [] if profile is None else [profile]
    flow = flow_folder.find(video.parent)
    files += flow.files() if flow else []
    states = [(file.name, _size(file), file.stat().st_mtime_ns) for file in sorted(files)]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def write(job: Job, source: str, settings: Settings, report: Report) -> None:
    """Note that a clip is finished; call it once all its results are written.

    Args:
        job: the clip and its folder.
        source: what `source_of` returned before the work began.
        settings: those of this run.
        report: the results.

    Raises:
        InputError: the note cannot be written.
    """
    made = [value for value in vars(report).values() if isinstance(value, Path)]
    content = _wanted(source, settings) | {"results": {file.name: _size(file) for file in made}}
    with replacing(_file(job)) as part:
        part.write_text(json.dumps(content, indent=2) + "\n")


def is_finished(job: Job, source: str, settings: Settings) -> bool:
    """Return whether a run with the same settings made the clip's results and all still exist."""
    file = _file(job)
    wanted = json.loads(json.dumps(_wanted(source, settings)))
    try:
        noted = read_json(file)
        with reading(file, "not what a run writes"):
            results = dict(noted.pop("results"))
            whole = all(_size(job.folder / name) == size for name, size in results.items())
            return whole and noted == wanted
    except InputError:
        return False


def _wanted(source: str, settings: Settings) -> dict[str, Any]:
    return {"dvs_jax": dvs_jax.__version__, "source": source, "settings": dict(settings)}


def _size(file: Path) -> int:
    return file.stat().st_size


def _file(job: Job) -> Path:
    return job.folder / f"{find_video(job.clip).stem}_run.json"
