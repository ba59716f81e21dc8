"""The note that a clip was finished, by which a later run can skip it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dvs_jax
from dvs_jax import recordings, storage
from dvs_jax.bounded_file import read_json
from dvs_jax.clip import find_video, in_store
from dvs_jax.errors import InputError, reading
from dvs_jax.flow import flow_folder
from dvs_jax.sensors import camera_file
from dvs_jax.sensors.folder import find_logs
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.report import Report
from dvs_jax.storage import uploaded
from dvs_jax.whole_file import replacing

Settings = Mapping[str, Any]
"""All settings that the results depend on, as JSON values."""


def source_of(job: Job) -> str:
    """Return a digest of the sizes and modification times of a clip's files.

    Those of a clip in an object store are not copied for it.

    These are its video or images, its logs, and its flow files where it has any.

    Raises:
        InputError: there is no video, or several, or several logs of one kind.
        OSError: a file's status cannot be read.
    """
    if storage.address_of(job.clip) is not None:
        return _digest(_stored_states(job.clip))
    video = find_video(job.clip)
    logs = find_logs(video)
    files = [*video.iterdir()] if video.is_dir() else [video]
    gyro = recordings.file_of(video)
    files += filter(None, (gyro, logs.accelerometer, logs.ois, logs.frame, logs.camera))
    profile = None if logs.camera is None else camera_file.profile_of(logs.camera)
    files += [] if profile is None else [profile]
    flow = flow_folder.find(video.parent)
    files += flow.files() if flow else []
    return _digest([(file.name, _size(file), file.stat().st_mtime_ns) for file in sorted(files)])


def _digest(states: list[Any]) -> str:
    return hashlib.sha256(repr(states).encode()).hexdigest()


def _stored_states(clip: Path) -> list[Any]:
    folder, wanted, depth = in_store(clip)
    found = storage.whole(folder, depth)
    return [(name, found[name].version) for name in sorted(found) if wanted(name)]


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
    sizes = _sizes(job.folder, [file.name for file in made])
    content = _wanted(source, settings) | {"results": sizes}
    with uploaded(_file(job)) as file, replacing(file) as part:
        part.write_text(json.dumps(content, indent=2) + "\n")


def is_finished(job: Job, source: str, settings: Settings) -> bool:
    """Return whether a run with the same settings made the clip's results and all still exist."""
    file = _file(job)
    wanted = json.loads(json.dumps(_wanted(source, settings)))
    try:
        noted = read_json(storage.local(file))
        with reading(file, "not what a run writes"):
            results = dict(noted.pop("results"))
            return _sizes(job.folder, results) == results and noted == wanted
    except InputError:
        return False


def _wanted(source: str, settings: Settings) -> dict[str, Any]:
    return {"dvs_jax": dvs_jax.__version__, "source": source, "settings": dict(settings)}


def _size(file: Path) -> int:
    return file.stat().st_size


def _sizes(folder: Path, names: Iterable[str]) -> dict[str, int]:
    """Return the sizes of files in a folder or in an object store."""
    address = storage.address_of(folder)
    if address is None:
        return {name: _size(folder / name) for name in names}
    found = storage.listing(address, depth=1)
    return {name: found[name].size for name in names}


def _file(job: Job) -> Path:
    is_stored = storage.address_of(job.clip) is not None
    video = job.clip if is_stored else find_video(job.clip)
    return job.folder / f"{video.stem}_run.json"
