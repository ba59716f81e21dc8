"""Reads the head movements of David and others, MMSys 2018.

"A Dataset of Head and Eye Movements for 360° Videos".
"""

import math
from pathlib import Path

import numpy as np

from dvs_jax.errors import InputError
from dvs_jax.sensors import table
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import playback
from dvs_jax.viewport.traces.trace import HeadTrace

_SUFFIX = "_fixations"


def read(file: Path) -> list[HeadTrace]:
    """Read H/Scanpaths/<video>_fixations.csv: index, longitude, latitude, start in milliseconds.

    Longitude and latitude are shares of the picture's width and height. The index begins anew with
    each viewer; viewers are numbered in the order of the file.

    Raises:
        InputError: the file cannot be read, has other columns, a value lies outside the picture,
            or a viewer's trace is refused by a rule for all; the message says why.
    """
    found = table.read(file)
    if found.values.shape[1] < 4:
        raise InputError(
            f"{file}: {found.values.shape[1]} columns where index, longitude, latitude and start "
            "are expected; give a file of H/Scanpaths"
        )
    index, longitude, latitude, start_ms = found.columns(range(4)).T
    outside = (np.minimum(longitude, latitude) < 0.0) | (np.maximum(longitude, latitude) > 1.0)
    if outside.any():
        place = int(np.argmax(outside))
        raise InputError(
            f"{file}, line {found.line[place]}: ({longitude[place]:g}, {latitude[place]:g}) lies "
            "outside of the picture; longitude and latitude have to be shares from 0 to 1"
        )
    direction = sphere.from_angles(2.0 * math.pi * longitude, math.pi * latitude)
    begin = np.flatnonzero(np.append(True, np.diff(index) <= 0.0))
    video = file.stem.removesuffix(_SUFFIX)
    traces = []
    for viewer, rows in enumerate(np.split(np.arange(len(index)), begin[1:])):
        time_s = start_ms[rows] / 1000.0
        row, valid = playback.keep(file, time_s, direction[rows])
        traces.append(HeadTrace(str(viewer), video, time_s[row], direction[rows][row], valid))
    return traces
