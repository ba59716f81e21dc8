"""Optical image stabiliser (OIS) logs: lens shifts over time, in two layouts."""

from pathlib import Path

import numpy as np

from dvs_jax.camera import Camera
from dvs_jax.sensors import columns, table
from dvs_jax.sensors.log import OisLog

LAYOUTS = (
    "its last three columns x y t_ns (without a header)",
    "named columns: t_s|t_ms|t_us|t_ns with x y (in pixels of the camera's OIS window)",
)


def read(file: Path, camera: Camera) -> OisLog:
    """Read an OIS log.

    Args:
        file: text, whitespace or comma separated; offsets in pixels of `camera.ois_window`.
        camera: the window, and the offset of the sensors' clock.

    Returns:
        Offsets in fractions of the image, at the log's times plus `camera.clock_offset_s`.

    Raises:
        InputError: the file is no such log (see `table.read`), or time runs backwards.
    """
    log = table.read(file)
    if log.names:
        time_ns, pixels = columns.require_time_ns(log), columns.select(log, ("x", "y"))
    elif log.values.shape[1] >= 3:
        time_ns, pixels = columns.time_ns(log, -1, "ns"), log.values[:, -3:-1]
    else:
        pixels = None
    if pixels is None:
        raise columns.unknown_layout(log, LAYOUTS)
    time_ns, keep = columns.increasing(log, time_ns)
    return OisLog(
        time_ns[keep] + round(camera.clock_offset_s * 1e9),
        pixels[keep] / np.array(camera.ois_window),
    )
