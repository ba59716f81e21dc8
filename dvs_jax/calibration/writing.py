"""Writes what was found as camera.toml."""

import dataclasses
from pathlib import Path
from typing import Any

from dvs_jax import recordings
from dvs_jax.calibration.calibration import Calibration
from dvs_jax.errors import InputError
from dvs_jax.sensors import camera_file
from dvs_jax.sensors.folder import find_logs
from dvs_jax.whole_file import replacing

CAMERA_FILE = "camera.toml"


def described_of(video: Path) -> dict[str, Any]:
    """Return the fields of `Camera` that a recording, or the description beside a video, tells.

    Raises:
        InputError: one of them cannot be read.
    """
    recording, logs = recordings.find(video), find_logs(video)
    described = {} if recording is None else dict(recording.description)
    return described | ({} if logs.camera is None else camera_file.described_by(logs.camera))


def write_camera(video: Path, found: Calibration, told: dict[str, Any], replace: bool) -> Path:
    """Write camera.toml beside a video, or replace the description that is there.

    Args:
        video: the video, or the folder of its pictures.
        found: what to write.
        told: what was known before, by field of `Camera`; it stays but for mounting and clock.
        replace: whether an older file may be replaced.

    Returns:
        The file.

    Raises:
        InputError: there is one and it may not, or it cannot be written.
    """
    file = find_logs(video).camera or video.absolute().parent / CAMERA_FILE
    if file.exists() and not replace:
        raise InputError(f"{file}: exists already; --force replaces it")
    names = {"gyro_axes", "clock_offset_s", "readout_time_s", *told}
    if found.focal_found:
        names.add("focal_length")
    fields = [each.name for each in dataclasses.fields(found.camera) if each.name in names]
    with replacing(file) as part:
        part.write_text(camera_file.text_of({name: getattr(found.camera, name) for name in fields}))
    return file
