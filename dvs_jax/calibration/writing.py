"""Writes what was found as camera.toml."""

from pathlib import Path

from dvs_jax.calibration.calibration import Calibration
from dvs_jax.errors import InputError
from dvs_jax.sensors import camera_file
from dvs_jax.sensors.folder import find_logs
from dvs_jax.whole_file import replacing


def write_camera(video: Path, found: Calibration, told: frozenset[str], replace: bool) -> Path:
    """Write camera.toml beside a video, or replace the description that is there.

    Args:
        video: the video, or the folder of its pictures.
        found: what to write.
        told: what was known before, by name (see `SensorLog.told`); it stays but for mounting and
            clock.
        replace: whether an older file may be replaced.

    Returns:
        The file.

    Raises:
        InputError: there is one and it may not, or it cannot be written.
    """
    file = find_logs(video).camera or video.absolute().parent / camera_file.NAME
    if file.exists() and not replace:
        raise InputError(f"{file}: exists already; --force replaces it")
    with replacing(file) as part:
        part.write_text(camera_file.text_of(found.described(told)))
    return file
