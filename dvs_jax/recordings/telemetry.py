"""What telemetry-parser, an optional package, reads: Sony, Insta360, DJI, RunCam and many more."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dvs_jax.errors import InputError, reason
from dvs_jax.recordings.gcsv import GYROFLOW_AXES, axes_of
from dvs_jax.sensors.log import AccelerometerLog
from dvs_jax.sensors.recording import Recording

ADVICE = (
    "pip install 'dvs-jax[telemetry]' adds telemetry-parser, which reads many cameras' own files "
    "(it has wheels for Python 3.11 and 3.12 alone)"
)

_FASTEST_DEG_S = 8600.0


def is_installed() -> bool:
    """Return whether the package is there, without loading it."""
    return importlib.util.find_spec("telemetry_parser") is not None


def read(file: Path) -> Recording | None:
    """Read what telemetry-parser finds in a file; None where it finds no gyro.

    Its samples come turned into the axes, and in the units, that it has for all cameras.

    Raises:
        InputError: the package is not installed, or finds impossible values.
    """
    if not is_installed():
        raise InputError(f"{file}: no reader here knows this file; {ADVICE}")
    samples, model = _parsed(file)
    gyro = [(each["timestamp_ms"], *each["gyro"]) for each in samples if each.get("gyro")]
    if len(gyro) < 2:
        return None
    time_ns, velocity = _increasing(file, np.array(gyro, float))
    if not (np.abs(velocity) < _FASTEST_DEG_S).all():
        raise InputError(f"{file}: its telemetry turns faster than any gyro can measure")
    measured = [(each["timestamp_ms"], *each["accl"]) for each in samples if each.get("accl")]
    return Recording(
        file,
        f"{model} telemetry, read by telemetry-parser: degrees/s, axes as it turns them",
        time_ns,
        np.radians(velocity),
        AccelerometerLog(*_increasing(file, np.array(measured))) if len(measured) > 1 else None,
        {"gyro_axes": axes_of(GYROFLOW_AXES)},
        follows_video=True,
        model=model,
    )


def _parsed(file: Path) -> tuple[Sequence[dict[str, Any]], str]:
    import telemetry_parser

    try:
        parser = telemetry_parser.Parser(str(file))
        return parser.normalized_imu(), f"{parser.camera or ''} {parser.model or ''}".strip()
    except (KeyboardInterrupt, SystemExit):
        raise
    # A panic of its Rust code is no Exception.
    except BaseException as error:
        raise InputError(f"{file}: telemetry-parser cannot read it ({reason(error)})") from None


def _increasing(file: Path, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not np.isfinite(rows).all() or not (np.abs(rows[:, 0]) < 1e12).all():
        raise InputError(f"{file}: its telemetry has impossible values")
    time_ns = np.rint(rows[:, 0] * 1e6).astype(np.int64)
    keep = time_ns > np.maximum.accumulate(np.concatenate([time_ns[:1] - 1, time_ns[:-1]]))
    return time_ns[keep], rows[keep, 1:]
