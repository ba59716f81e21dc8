"""Reads sensor logs of every known format into a `SensorLog`; one module per format."""

from dvs_jax.sensors.frames import FROM_THE_FIRST, FrameTimes
from dvs_jax.sensors.loading import frame_log, load, no_gyro
from dvs_jax.sensors.log import (
    FrameLog,
    OisLog,
    SensorLog,
    center_time_ns,
    ois_at,
    part_of,
    row_poses,
)

__all__ = [
    "FROM_THE_FIRST",
    "FrameLog",
    "FrameTimes",
    "OisLog",
    "SensorLog",
    "center_time_ns",
    "frame_log",
    "load",
    "no_gyro",
    "ois_at",
    "part_of",
    "row_poses",
]
