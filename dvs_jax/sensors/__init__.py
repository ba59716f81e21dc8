"""Log files in, one `SensorLog` out; one module a format."""

from dvs_jax.sensors.loading import load
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
    "FrameLog",
    "OisLog",
    "SensorLog",
    "center_time_ns",
    "load",
    "ois_at",
    "part_of",
    "row_poses",
]
