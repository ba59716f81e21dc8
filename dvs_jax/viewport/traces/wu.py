"""Reads the head movements of Wu and others, MMSys 2017.

"A Dataset for Exploring User Behaviors in VR Spherical Video Streaming".
"""

import re
from pathlib import Path

import numpy as np

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import columns, playback
from dvs_jax.viewport.traces.trace import HeadTrace

FORWARD = 0.75
"""Where the data's users place yaw 0; it was not checked against the videos."""

_BEGUN_S = 0.03
"""Rows before the first whose clock shows less belong to the video played before."""


def read(file: Path, forward: float = FORWARD) -> HeadTrace:
    """Read Experiment_{1,2}/<viewer>/video_<0–8>.csv.

    Args:
        file: the file, whose folder names the viewer, and whose number and the folder above that
            the video.
        forward: share of the picture's width at which yaw is 0.

    Raises:
        InputError: the file is not named so, cannot be read, or is refused by a rule for all
            traces; the message says why.
    """
    number = re.fullmatch(r"video_(\d+)\.csv", file.name, re.IGNORECASE)
    if number is None:
        raise InputError(f"{file}: not named video_0.csv to video_8.csv as in the data set")
    table = columns.read(file)
    time = columns.require(table, "PlaybackTime")[:, 0]
    direction = sphere.from_unity_rotation(columns.rotations(table), forward)
    # Where no row shows so little, nothing was played before.
    begin = int(np.argmax(time < _BEGUN_S))
    row, valid = playback.keep(file, time[begin:], direction[begin:])
    return HeadTrace(
        viewer=file.absolute().parent.name,
        video=f"{file.absolute().parents[1].name}/{number[1]}",
        time_s=time[begin:][row],
        direction=direction[begin:][row],
        valid=valid,
    )


def read_all(folder: Path, forward: float = FORWARD) -> list[HeadTrace]:
    """Read all traces below a folder, such as Formated_Data/Experiment_1.

    Raises:
        InputError: there are none, or one is refused.
    """
    files = sorted(folder.rglob("video_*.csv"))
    if not files:
        raise InputError(f"{folder}: holds no video_<number>.csv; unpack Formated_Data there")
    return [read(file, forward) for file in files]
