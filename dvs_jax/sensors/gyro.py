"""Gyro logs: angular velocity or orientation, in three layouts."""

import logging
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.sensors import columns, table
from dvs_jax.sensors.clock import on_video_clock
from dvs_jax.sensors.integration import integrate
from dvs_jax.sensors.recording import Recording
from dvs_jax.sensors.table import Table

Measured = tuple[Int[np.ndarray, "sample"], Float[np.ndarray, "sample component"], str]

LAYOUTS = (
    "t_us wx wy wz (rad/s, without a header; more columns are ignored)",
    "t_ns qx qy qz qw (without a header)",
    "named columns: t_s|t_ms|t_us|t_ns with wx wy wz (or gx gy gz, g0 g1 g2, x y z; "
    "optionally each with _rad_s or _deg_s) or with qx qy qz qw",
)

RAD_PER_UNIT = {"": 1.0, "_rad_s": 1.0, "_deg_s": np.pi / 180}

UNIT_NAMES = {"_rad_s": "rad/s", "_deg_s": "degrees/s"}

_VELOCITY_NAMES = (("wx", "wy", "wz"), ("gx", "gy", "gz"), ("g0", "g1", "g2"))

_ORIENTATION_NAMES = ("qx", "qy", "qz", "qw")

_ANONYMOUS_NAMES = ("x", "y", "z")
"""Next to an orientation, x, y and z are a position, so these names are tried last."""

_UNIT_NORM_TOLERANCE = 0.01

_FEW_QUATERNIONS = 0.1
"""Share of unit norms up to which a log of four values a sample is not one of quaternions."""

_FASTEST_FILMED_RAD_S = {0.5: 2.5, 0.99: 12.0}
"""By share of the samples: nobody films while turning faster for half of the time, or 1 % of it.

Recordings in rad/s stay below half of either, those in degrees lie above one at least."""

FASTEST_RAD_S = 150.0
"""Twice the range of gyros in cameras and phones."""

_LOWEST_RATE_HZ = 99.0
"""Logs below this sample rate warn; it leaves room for a nominal 100 Hz that runs slow."""

_LONGEST_GAP_NS = 100_000_000

RELEASED = "a log in the released data's layout"

_log = logging.getLogger("dvs_jax")


def read(file: Path, camera: Camera) -> CameraPath:
    """Read a gyro log of any known layout into poses (see `measured` and `poses`)."""
    return poses(measured(table.read(file)), camera)


def measured(log: Table) -> Recording:
    """Return what a gyro log's table holds.

    Args:
        log: of one of `LAYOUTS`. Angular velocities without a unit are in rad/s, unless they are
            so large that they can only be degrees; a warning says so.

    Raises:
        InputError: the table is no such log, time runs backwards, an angular velocity is beyond
            150 rad/s, or a quaternion has no unit norm; the message names the line.
    """
    time_ns, motion, unit = _named_columns(log) if log.names else _official_columns(log)
    is_released = log.file.suffix.lower() == ".txt" and not log.names and motion.shape[1] == 3
    return checked(log, time_ns, motion, unit, RELEASED if is_released else "")


def checked(
    log: Table,
    time_ns: Int[np.ndarray, "row"],
    motion: Float[np.ndarray, "row component"],
    unit: str,
    kind: str = "",
) -> Recording:
    """Return a table's measurements where they can be true, with increasing times.

    Args:
        log: the table, for messages.
        time_ns: int64 nanoseconds.
        motion: angular velocity (3 components) or pose (4).
        unit: of the velocity, a key of `RAD_PER_UNIT`.
        kind: what the file was taken for (see `Recording`).

    Raises:
        InputError: as `measured`.
    """
    time_ns, keep = columns.increasing(log, time_ns)
    if motion.shape[1] == 4:
        _require_unit_norm(log, motion)
        motion = quaternion.normalize(motion)
    else:
        motion = motion * (_told_by_size(log, motion) if unit == "" else RAD_PER_UNIT[unit])
        _require_possible(log, motion)
    if np.count_nonzero(keep) < 2:
        raise InputError(f"{log.file}: a single sample; a gyro log needs two or more")
    time_ns, motion = time_ns[keep], motion[keep]
    _warn_of_sparse_samples(log.file, time_ns)
    return Recording(log.file, kind, time_ns, motion)


def poses(recording: Recording, camera: Camera, first_frame_ns: int = 0) -> CameraPath:
    """Return one pose a sample, at its time on the video's clock (see `on_video_clock`).

    Angular velocity is reordered by `camera.gyro_axes` and integrated from the identity. Poses are
    the camera's already, so their axes are kept.
    """
    time_ns = on_video_clock(recording.time_ns, camera, first_frame_ns)
    if recording.motion.shape[1] == 4:
        return CameraPath(time_ns, recording.motion)
    return integrate(time_ns, reorder(recording.motion, camera.gyro_axes))


def _official_columns(log: Table) -> Measured:
    """Return times, angular velocity (3 components) or orientation (4), and the former's unit."""
    count = log.values.shape[1]
    if count < 4:
        raise columns.unknown_layout(log, LAYOUTS)
    if count == 5 and _are_poses(log.values[:, 1:]):
        return columns.time_ns(log, 0, "ns"), log.values[:, 1:], ""
    return columns.time_ns(log, 0, "us"), log.values[:, 1:4], ""


def _are_poses(values: Float[np.ndarray, "sample 4"]) -> bool:
    """Return whether these are quaternions: a log of them may have some that are damaged."""
    off = np.abs(np.linalg.norm(values, axis=1) - 1.0)
    return bool(np.mean(off < _UNIT_NORM_TOLERANCE) > _FEW_QUATERNIONS)


def _named_columns(log: Table) -> Measured:
    """Return the same as `_official_columns`."""
    time_ns = columns.require_time_ns(log)
    for names in (*_VELOCITY_NAMES, _ORIENTATION_NAMES, _ANONYMOUS_NAMES):
        for unit in RAD_PER_UNIT:
            motion = columns.select(log, [name + unit for name in names])
            if motion is not None:
                return time_ns, motion, unit
    raise columns.unknown_layout(log, LAYOUTS)


def reorder(
    velocity: Float[np.ndarray, "sample 3"], axes: tuple[str, str, str]
) -> Float[np.ndarray, "sample 3"]:
    """Return a log's angular velocity as `Camera.gyro_axes` orders its axes, in the same unit."""
    sign = np.array([-1.0 if axis.startswith("-") else 1.0 for axis in axes])
    return velocity[:, ["xyz".index(axis[-1]) for axis in axes]] * sign


def _told_by_size(log: Table, velocity: Float[np.ndarray, "sample 3"]) -> float:
    """Return how many rad/s the unit of a log is that does not tell it."""
    speed = np.linalg.norm(velocity, axis=1)
    shares, limits = zip(*_FASTEST_FILMED_RAD_S.items(), strict=True)
    reached = np.quantile(speed, shares, method="lower")
    if (reached <= limits).all():
        return 1.0
    _log.warning(
        "%s: turns at %.3g in the median and %.3g at its fastest, which no camera does in rad/s: "
        "read as degrees per second; columns named wx_rad_s, ... or wx_deg_s, ... say which",
        *(log.file, reached[0], reached[1]),
    )
    return RAD_PER_UNIT["_deg_s"]


def _require_possible(log: Table, velocity: Float[np.ndarray, "sample 3"]) -> None:
    fastest = np.abs(velocity).max(axis=1)
    if fastest.max() > FASTEST_RAD_S:
        row = int(np.argmax(fastest > FASTEST_RAD_S))
        raise InputError(
            f"{log.file}, line {log.line[row]}: {fastest[row]:.4g} rad/s is faster than any gyro "
            "can measure; name the columns wx_deg_s, ... in a header line if they are in degrees"
        )


def _require_unit_norm(log: Table, orientation: Float[np.ndarray, "sample 4"]) -> None:
    norm = np.linalg.norm(orientation, axis=1)
    bad = np.abs(norm - 1.0) > _UNIT_NORM_TOLERANCE
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{log.file}, line {log.line[row]}: the quaternion's norm is {norm[row]:.3g}, not 1; "
            "a log of angular velocity has 4 columns, or names for them in its first line"
        )


def _warn_of_sparse_samples(file: Path, time_ns: Int[np.ndarray, "sample"]) -> None:
    step = np.diff(time_ns)
    rate = 1e9 / np.median(step)
    if rate < _LOWEST_RATE_HZ:
        _log.warning(
            "%s: %.0f samples a second; below 100, shake between the samples goes unseen",
            file,
            rate,
        )
    gaps = step > max(_LONGEST_GAP_NS, 2 * float(np.median(step)))
    if gaps.any():
        _log.warning(
            "%s: %d gaps, the longest %.0f ms at %.3f s; motion within them is guessed",
            file,
            np.count_nonzero(gaps),
            step.max() / 1e6,
            time_ns[np.argmax(step)] / 1e9,
        )
