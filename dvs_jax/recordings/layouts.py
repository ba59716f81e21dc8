"""The columns that apps, flight controllers and extractors give their logs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dvs_jax.sensors import columns, gyro
from dvs_jax.sensors.log import AccelerometerLog
from dvs_jax.sensors.recording import Recording
from dvs_jax.sensors.table import TIME_NAME, Table


@dataclass(frozen=True)
class Layout:
    """Names of columns, in small letters, with units as endings (see `dialect.names_of`).

    Attributes:
        program: what writes it.
        time: the column of times.
        time_unit: its unit, a key of `columns.DECIMALS_BEFORE_NS`.
        velocity: the columns of angular velocity about x, y and z.
        unit: of the velocity, a key of `gyro.RAD_PER_UNIT`; "" where the program does not say.
        acceleration: the columns along x, y and z, or ().
        beside: columns that are there too, and tell this program from others.
        axes: `Camera.gyro_axes`, where the program's logs tell them.
        follows_video: whether times count from the video's first frame.
    """

    program: str
    time: str
    time_unit: str
    velocity: tuple[str, str, str]
    unit: str = "_rad_s"
    acceleration: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    axes: tuple[str, str, str] | None = None
    follows_video: bool = False


def _of_axes(pattern: str) -> tuple[str, str, str]:
    first, second, third = (pattern.format(letter) for letter in "xyz")
    return first, second, third


LAYOUTS = (
    Layout("Sensor Logger", "time", "ns", ("x", "y", "z"), beside=("seconds_elapsed",)),
    Layout(
        "SensorLog",
        "gyrotimestamp_sincereboot_s",
        "s",
        _of_axes("gyrorotation{}_rad_s"),
    ),
    Layout(
        "SensorLog",
        "motiontimestamp_sincereboot_s",
        "s",
        _of_axes("motionrotationrate{}_rad_s"),
    ),
    Layout("a phone's app", "samplingtime", "s", _of_axes("gyro{}")),
    Layout("the app Gyro", "time", "s", _of_axes("rotation rate ({})")),
    Layout("phyphox", "time_s", "s", _of_axes("gyroscope {}_rad_s")),
    Layout("phyphox", "time_s", "s", _of_axes("{}_rad_s")),
    Layout(
        "GoPro Telemetry Extractor",
        "cts",
        "ms",
        _of_axes("gyroscope ({})_rad_s"),
        axes=("x", "z", "y"),
        follows_video=True,
    ),
)
"""Layouts of known programs; those of Betaflight and INAV are in `blackbox`."""

_PREFIXES = (
    *("gyro", "gyroscope", "gyr", "angular_velocity", "angularvelocity", "ang_vel"),
    *("rotation_rate", "rotationrate", "omega"),
)
_ACCELERATION_PREFIXES = ("acc", "accel", "accelerometer", "acceleration", "a")
_OWN_PREFIXES = ("", "w", "g")
"""Those of this package's own layout."""

_BETWEEN = ("_", "", ".", " ", "-")

_KNOWN_UNITS = ("", "_m_s2", "_g")

_OPEN_CAMERA = "Open Camera Sensors (x, y, z in rad/s, time in ns)"

_STEPS_NS = (1e5, 1e8)
"""Shortest and longest median step of a gyro."""


def match(names: Sequence[str]) -> Layout | None:
    """Return the layout of a table with these columns, or None where it is none of these."""
    for layout in (*LAYOUTS, *_general(names)):
        if {layout.time, *layout.velocity, *layout.beside} <= set(names):
            return layout
    return None


def _general(names: Sequence[str]) -> Iterator[Layout]:
    """Yield layouts such as timestamp_ns, gyro_x, gyro_y, gyro_z, which many programs write."""
    times = [name for name in names if re.fullmatch(f"{TIME_NAME}_(s|ms|us|ns)", name)]
    if len(times) != 1:
        return
    time_unit, acceleration = times[0].rpartition("_")[2], _acceleration(names)
    for velocity, unit in _velocities(names):
        if set(velocity) <= set(names):
            shown = f"columns {', '.join(velocity)}"
            yield Layout(shown, times[0], time_unit, velocity, unit, acceleration)


def _velocities(names: Sequence[str]) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Yield names that columns of angular velocity may have, with their unit."""
    for prefix in _PREFIXES:
        for between in _BETWEEN:
            for unit in gyro.RAD_PER_UNIT:
                yield _of_axes(f"{prefix}{between}{{}}{unit}"), unit
    # Whatever the word for it, nothing else has such a unit.
    for name in names:
        found = re.fullmatch(r"([^{}]*)x(_rad_s|_deg_s)", name)
        if found and found[1] not in _OWN_PREFIXES:
            yield _of_axes(f"{found[1]}{{}}{found[2]}"), found[2]


def _acceleration(names: Sequence[str]) -> tuple[str, ...]:
    tried = (
        _of_axes(f"{prefix}{between}{{}}{unit}")
        for prefix in _ACCELERATION_PREFIXES
        for between in _BETWEEN
        for unit in _KNOWN_UNITS
    )
    return next((each for each in tried if set(each) <= set(names)), ())


def read(log: Table, layout: Layout, scale: float = 1.0) -> Recording:
    """Read a table of a layout.

    Args:
        log: the table.
        layout: which `match` found for its names.
        scale: of the velocity, to the layout's unit.

    Raises:
        InputError: as `gyro.measured`.
    """
    time_ns = columns.time_ns(log, log.names.index(layout.time), layout.time_unit)
    velocity = columns.select(log, layout.velocity)
    assert velocity is not None
    unit = gyro.UNIT_NAMES.get(layout.unit, "rad/s, as they tell none")
    kind = f"{layout.program}: {', '.join(layout.velocity)} in {unit}, time in {layout.time_unit}"
    measured = gyro.checked(log, time_ns, velocity * scale, layout.unit, kind)
    acceleration = columns.select(log, layout.acceleration) if layout.acceleration else None
    return replace(
        measured,
        accelerometer=None if acceleration is None else _logged(log, time_ns, acceleration),
        description={} if layout.axes is None else {"gyro_axes": layout.axes},
        follows_video=layout.follows_video,
        model=layout.program,
    )


def _logged(log: Table, time_ns: np.ndarray, acceleration: np.ndarray) -> AccelerometerLog:
    times, keep = columns.increasing(log, time_ns)
    return AccelerometerLog(times[keep], acceleration[keep])


def without_header(log: Table) -> Recording | None:
    """Read a table without names as x, y, z, time; None where the time is not there."""
    if log.names or log.values.shape[1] != 4 or len(log.line) < 2:
        return None
    time, first = log.values[:, 3], log.values[:, 0]
    is_first_time = (np.diff(first) >= 0).all() and first[-1] > first[0]
    unit = _unit_by_steps((time[-1] - time[0]) / (len(time) - 1))
    if unit is None or (np.diff(time) < 0).any() or is_first_time:
        return None
    time_ns = columns.time_ns(log, 3, unit)
    if unit == "ns":
        return gyro.checked(log, time_ns, log.values[:, :3], "_rad_s", _OPEN_CAMERA)
    kind = f"columns x, y, z in rad/s, as they tell none, and time in {unit}, by its steps"
    return gyro.checked(log, time_ns, log.values[:, :3], "", kind)


def _unit_by_steps(step: float) -> str | None:
    """Return the unit in which a gyro's times have such steps; no two units share a size."""
    shortest, longest = _STEPS_NS
    units = columns.DECIMALS_BEFORE_NS.items()
    return next((unit for unit, n in units if shortest < step * 10.0**n < longest), None)
