"""Logs of flight controllers (Betaflight, INAV), as CSV by their viewer or by blackbox_decode."""

import math
from itertools import islice
from pathlib import Path

from dvs_jax.bounded_file import lines
from dvs_jax.errors import InputError
from dvs_jax.recordings import layouts
from dvs_jax.recordings.layouts import Layout
from dvs_jax.sensors import table
from dvs_jax.sensors.recording import Recording

_LONGEST_HEADER = 1000
"""Lines; the viewer writes every setting of the controller, some two hundred."""

_AXES = ("y", "z", "-x")
"""Of a camera that looks along the roll axis; one that is tilted up needs camera.toml."""

_RAD_PER_US = math.radians(1.0) * 1e-6
"""What the viewer multiplies the controller's degrees/s by."""


def header_line(file: Path) -> int:
    """Return the line of the column names, counted from 1, or 0 where the file is no such log."""
    for number, line in enumerate(islice(lines(file), _LONGEST_HEADER), 1):
        if line.lstrip().strip('"').startswith("loopIteration"):
            return number
    return 0


def read(file: Path) -> Recording:
    """Read a flight controller's log: gyroADC in degrees/s, unless its header tells a scale.

    Raises:
        InputError: there are no such columns, or as `gyro.measured`.
    """
    begin = header_line(file)
    log = table.read(file, begin)
    for unit in ("", "_deg_s", "_rad_s"):
        for time in ("time_us", "time"):
            layout = _layout(time, unit)
            if {layout.time, *layout.velocity} <= set(log.names):
                scale = 1.0 if unit else _degrees_per_count(file, begin)
                return layouts.read(log, layout, scale)
    raise InputError(
        f"{file}: a flight controller's log without time or gyroADC[0] to gyroADC[2]; log the gyro"
    )


def _layout(time: str, unit: str) -> Layout:
    x, y, z = (f"gyroadc[{axis}]{unit}" for axis in range(3))
    return Layout("flight controller", time, "us", (x, y, z), unit or "_deg_s", axes=_AXES)


def _degrees_per_count(file: Path, begin: int) -> float:
    for line in islice(lines(file), begin - 1):
        key, _, value = (part.strip(' "\n\r') for part in line.partition(","))
        if key.lower().replace("_", "") == "gyroscale":
            try:
                scale = float(value)
            except ValueError:
                return 1.0
            scale = scale / _RAD_PER_US if 0.0 < scale < 1e-5 else scale
            return scale if 1e-4 < scale < 1e4 else 1.0
    return 1.0
