"""Accelerometer logs: columns of the gyro's log, or a file of their own."""

import numpy as np

from dvs_jax.camera import Camera
from dvs_jax.sensors import columns
from dvs_jax.sensors.clock import on_video_clock
from dvs_jax.sensors.log import AccelerometerLog
from dvs_jax.sensors.table import Table

LAYOUT = "named columns: t_s|t_ms|t_us|t_ns with ax ay az (optionally each with _m_s2 or _g)"

_UNITS = ("", "_m_s2", "_g")
"""Only directions and ratios of lengths are used, so no unit is converted."""


def find(log: Table) -> AccelerometerLog | None:
    """Return the accelerometer's log in a table, or None where there are no such columns.

    Args:
        log: with named columns.

    Returns:
        What it measured along the sensor's own axes, at the log's own times.

    Raises:
        InputError: the times are not named, or run backwards.
    """
    for unit in _UNITS:
        measured = columns.select(log, [f"a{axis}{unit}" for axis in "xyz"])
        if measured is not None:
            time_ns, keep = columns.increasing(log, columns.require_time_ns(log))
            return AccelerometerLog(time_ns[keep], measured[keep])
    return None


def in_camera(log: AccelerometerLog, camera: Camera, first_frame_ns: int = 0) -> AccelerometerLog:
    """Return a log in the camera's axes, on the video's clock.

    `Camera.gyro_axes` maps the log's angular velocity to the pose's, the negative of the camera's
    own. So the axes of a log that tells the camera's own are its negative; of one that tells the
    opposite, itself. Only one of the two is a rotation.

    Args:
        log: along the axes of the gyro's chip, or turned as that is.
        camera: the gyro's axes in the camera, and its clock.
        first_frame_ns: see `on_video_clock`.
    """
    axes = np.zeros((3, 3))
    for row, axis in enumerate(camera.gyro_axes):
        axes[row, "xyz".index(axis[-1])] = -1.0 if axis.startswith("-") else 1.0
    time_ns = on_video_clock(log.time_ns, camera, first_frame_ns)
    return AccelerometerLog(time_ns, log.acceleration @ (np.linalg.det(axes) * axes).T)
