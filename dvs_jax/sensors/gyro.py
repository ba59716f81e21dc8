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
from dvs_jax.sensors.integration import integrate
from dvs_jax.sensors.table import Table

LAYOUTS = (
    "t_us wx wy wz (rad/s, without a header)",
    "t_ns qx qy qz qw (without a header)",
    "named columns: t_s|t_ms|t_us|t_ns with wx wy wz (or gx gy gz, g0 g1 g2, x y z; "
    "optionally each with _rad_s or _deg_s) or with qx qy qz qw",
)

_RAD_PER_UNIT = {"": 1.0, "_rad_s": 1.0, "_deg_s": np.pi / 180}

_VELOCITY_NAMES = (("wx", "wy", "wz"), ("gx", "gy", "gz"), ("g0", "g1", "g2"))

_ORIENTATION_NAMES = ("qx", "qy", "qz", "qw")

_ANONYMOUS_NAMES = ("x", "y", "z")
"""Next to an orientation, x, y and z are a position, so these names are tried last."""

_UNIT_NORM_TOLERANCE = 0.01

_FASTEST_RAD_S = 150.0
"""Twice the range of gyros in cameras and phones."""

_LOWEST_RATE_HZ = 99.0
"""Logs below this sample rate warn; it leaves room for a nominal 100 Hz that runs slow."""

_LONGEST_GAP_NS = 100_000_000

_log = logging.getLogger("dvs_jax")


def read(file: Path, camera: Camera) -> CameraPath:
    """Read a gyro log of any known layout into poses.

    Angular velocity is reordered by `camera.gyro_axes` and integrated from the identity. A log of
    orientations holds camera poses, world to camera, so its axes are kept.

    Args:
        file: text, whitespace or comma separated.
        camera: the gyro's axes in the camera, and its clock's offset.

    Returns:
        One pose a sample at the log's times plus `camera.clock_offset_s`.

    Raises:
        InputError: the file is no such log (see `table.read`), time runs backwards, an
            angular velocity is beyond 150 rad/s, or a quaternion has no unit norm; the message
            names the line.
    """
    return poses(table.read(file), camera)


def is_released_layout(log: Table) -> bool:
    """Return whether the log has the layout of the released data."""
    return log.file.suffix.lower() == ".txt" and not log.names and log.values.shape[1] == 4


def poses(log: Table, camera: Camera) -> CameraPath:
    """Return the poses of a gyro log's table (see `read`)."""
    time_ns, motion = _named_columns(log) if log.names else _official_columns(log)
    keep = columns.increasing(log, time_ns)
    if motion.shape[1] == 4:
        _require_unit_norm(log, motion)
    else:
        _require_possible(log, motion)
    if np.count_nonzero(keep) < 2:
        raise InputError(f"{log.file}: a single sample; a gyro log needs two or more")
    time_ns, motion = time_ns[keep] + round(camera.clock_offset_s * 1e9), motion[keep]
    _warn_of_sparse_samples(log.file, time_ns)
    if motion.shape[1] == 4:
        return CameraPath(time_ns, quaternion.normalize(motion))
    return integrate(time_ns, reorder(motion, camera.gyro_axes))


def _official_columns(
    log: Table,
) -> tuple[Int[np.ndarray, "sample"], Float[np.ndarray, "sample component"]]:
    """Return times and angular velocity (3 components) or orientation (4)."""
    unit = {4: "us", 5: "ns"}.get(log.values.shape[1])
    if unit is None:
        raise columns.unknown_layout(log, LAYOUTS)
    return columns.time_ns(log, 0, unit), log.values[:, 1:]


def _named_columns(
    log: Table,
) -> tuple[Int[np.ndarray, "sample"], Float[np.ndarray, "sample component"]]:
    """Return the same as `_official_columns`."""
    time_ns = columns.require_time_ns(log)
    for velocity_names in _VELOCITY_NAMES:
        velocity = _velocity(log, velocity_names)
        if velocity is not None:
            return time_ns, velocity
    motion = columns.select(log, _ORIENTATION_NAMES)
    if motion is None:
        motion = _velocity(log, _ANONYMOUS_NAMES)
    if motion is None:
        raise columns.unknown_layout(log, LAYOUTS)
    return time_ns, motion


def _velocity(log: Table, names: tuple[str, ...]) -> Float[np.ndarray, "sample 3"] | None:
    for suffix, scale in _RAD_PER_UNIT.items():
        velocity = columns.select(log, [name + suffix for name in names])
        if velocity is not None:
            return velocity * scale
    return None


def reorder(
    velocity: Float[np.ndarray, "sample 3"], axes: tuple[str, str, str]
) -> Float[np.ndarray, "sample 3"]:
    """Return a log's angular velocity as `Camera.gyro_axes` orders its axes, in the same unit."""
    sign = np.array([-1.0 if axis.startswith("-") else 1.0 for axis in axes])
    return velocity[:, ["xyz".index(axis[-1]) for axis in axes]] * sign


def _require_possible(log: Table, velocity: Float[np.ndarray, "sample 3"]) -> None:
    fastest = np.abs(velocity).max(axis=1)
    if fastest.max() > _FASTEST_RAD_S:
        row = int(np.argmax(fastest > _FASTEST_RAD_S))
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
