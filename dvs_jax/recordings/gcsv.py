"""Gyroflow's own text format, .gcsv: a header of keys, then columns t, gx, gy, gz, ax, ay, az.

After docs.gyroflow.xyz, "GCSV format".
"""

import logging
import math
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dvs_jax.bounded_file import lines
from dvs_jax.errors import InputError
from dvs_jax.recordings import lens_collection
from dvs_jax.sensors import columns, gyro, lens_profile, table
from dvs_jax.sensors.log import AccelerometerLog
from dvs_jax.sensors.recording import Recording
from dvs_jax.sensors.table import Table

SUFFIX = ".gcsv"

FIRST_LINES = ("GYROFLOW IMU LOG", "CAMERA IMU LOG")

GYROFLOW_AXES = "XYZ"
"""The orientation of a sensor that is mounted as the one of the released DVS data is."""

_USUAL_ORIENTATION = "xzY"
"""Which Gyroflow takes where the header has none."""

_LONGEST_HEADER = 100
"""Lines; most have ten."""

_FROM_TOP = ("0", "toptobottom")

_log = logging.getLogger("dvs_jax")


def is_gcsv(first_line: str) -> bool:
    """Return whether a file with this first line is of the format."""
    return first_line.strip().strip(",").upper().startswith(FIRST_LINES)


def read(file: Path) -> Recording:
    """Read a .gcsv log.

    Raises:
        InputError: the file is no such log, a value in its header is not possible, or as
            `gyro.measured` for its rows.
    """
    header, begin = _header(file)
    log = table.read(file, begin)
    velocity = columns.select(log, ("gx", "gy", "gz"))
    if velocity is None:
        raise InputError(
            f"{file}: {log.header()}; a .gcsv log has the columns t, gx, gy, gz and, with an "
            "accelerometer, ax, ay, az"
        )
    seconds = log.columns([0])[:, 0] * _scale(file, header, "tscale", 0.001)
    if not (np.abs(seconds) < columns.LONGEST_TIME_NS / 1e9).all():
        raise InputError(f"{file}: its times are out of range; check its tscale")
    time_ns = np.rint(seconds * 1e9).astype(np.int64)
    scaled = velocity * _scale(file, header, "gscale", 1.0)
    name = header.get("id", "").replace("_", " ")[:60]
    profile = _lens_profile(file, header)
    described = ({} if profile is None else lens_profile.optics(lens_profile.read(profile))) | (
        _description(file, header)
    )
    kind = f"Gyroflow's log (.gcsv) of {name or 'a camera'}, orientation {_orientation(header)}"
    measured = gyro.checked(log, time_ns, scaled, "_rad_s", kind)
    return Recording(
        file,
        kind,
        measured.time_ns,
        measured.motion,
        _accelerometer(log, time_ns),
        described,
        model=name,
    )


def axes_of(orientation: str) -> tuple[str, str, str]:
    """Return `Camera.gyro_axes` for an orientation as Gyroflow writes it.

    Letter i says which of the sensor's axes, small for its opposite, is the i-th of Gyroflow's:
    up, left, back. The world turns about the camera's x, y and z as a sensor turns about the
    second, the first and the third of those.

    Raises:
        ValueError: these are not x, y and z in some order.
    """
    if sorted(orientation.upper()) != ["X", "Y", "Z"]:
        raise ValueError(orientation)
    up, left, back = (("-" if each.islower() else "") + each.lower() for each in orientation)
    return left, up, back


def _header(file: Path) -> tuple[dict[str, str], int]:
    """Return the keys, in small letters, with their values, and the line of the column names."""
    header: dict[str, str] = {}
    for number, line in enumerate(islice(lines(file), _LONGEST_HEADER), 1):
        key, _, value = line.strip().partition(";" if ";" in line else ",")
        if key.strip().strip('"').lower() in ("t", "time"):
            return header, number
        header[key.strip().strip('"').lower()] = value.strip(' ,;"')
    raise InputError(f"{file}: no line of column names (t,gx,gy,gz, ...) follows its header")


def _scale(file: Path, header: dict[str, str], key: str, otherwise: float) -> float:
    text = header.get(key, "") or repr(otherwise)
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 1e-15 < abs(value) < 1e15:
        raise InputError(f"{file}: {key} is {text[:40]!r}; it has to be a number other than 0")
    return value


def _orientation(header: dict[str, str]) -> str:
    return header.get("orientation", "") or _USUAL_ORIENTATION


def _description(file: Path, header: dict[str, str]) -> dict[str, Any]:
    try:
        described: dict[str, Any] = {"gyro_axes": axes_of(_orientation(header))}
    except ValueError:
        raise InputError(
            f"{file}: orientation is {_orientation(header)[:40]!r}; it has to be X, Y and Z in "
            "some order, small letters for the opposite"
        ) from None
    if "frame_readout_time" in header:
        readout_ms = _scale(file, header, "frame_readout_time", 0.0)
        if header.get("frame_readout_direction", "0").lower() not in _FROM_TOP:
            _log.warning(
                "%s: the picture is not read out from the top down; its rolling shutter stays", file
            )
            readout_ms = 0.0
        described["readout_time_s"] = _possible_readout_ms(file, readout_ms) / 1e3
    return described


def _lens_profile(file: Path, header: dict[str, str]) -> Path | None:
    """Return the lens profile that a header names, beside the log or in the collection, if at hand.

    Whoever has not fetched the collection gets the same as without the name.
    """
    name = Path(header.get("lensprofile", "").replace("\\", "/").removesuffix(".json"))
    if not name.name or name.is_absolute() or ".." in name.parts:
        return None
    wanted = name.with_name(f"{name.name}.json")
    beside = file.absolute().parent / wanted
    if beside.is_file():
        return beside
    end = f"/{wanted.as_posix()}".casefold()
    known = lens_collection.fetched().rglob("*.json")
    return next((each for each in sorted(known) if each.as_posix().casefold().endswith(end)), None)


def _possible_readout_ms(file: Path, readout_ms: float) -> float:
    if not 0.0 <= readout_ms <= 1000.0:
        raise InputError(f"{file}: frame_readout_time is {readout_ms:g} ms; it is 0 to 1000")
    return readout_ms


def _accelerometer(log: Table, time_ns: np.ndarray) -> AccelerometerLog | None:
    measured = columns.select(log, ("ax", "ay", "az"))
    if measured is None or not measured.any():
        return None
    times, keep = columns.increasing(log, time_ns)
    return AccelerometerLog(times[keep], measured[keep])
