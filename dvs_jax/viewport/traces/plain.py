"""Reads head movements from a plain table."""

import re
from pathlib import Path

import numpy as np

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import columns, playback
from dvs_jax.viewport.traces.trace import HeadTrace

_TIME, _LONGEST_HEADER = "t_s", 4096
_ANGLES, _ROTATION = ("yaw_deg", "pitch_deg"), ("qx", "qy", "qz", "qw")


def begins(file: Path) -> bool:
    """Return whether a file's first line has the time as a plain table has it."""
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            header = lines.readline(_LONGEST_HEADER)
    except OSError:
        return False
    return _TIME in re.split(r"[,;\s]+", header.lower())


def read(file: Path, forward: float = sphere.FORWARD) -> HeadTrace:
    """Read `t_s,yaw_deg,pitch_deg` or `t_s,qx,qy,qz,qw`.

    The time is the video's; yaw is positive to the right, pitch upwards; quaternions are in Unity's
    axes. The folder names the viewer, the file the video.

    Args:
        file: the table, whose first line names its columns.
        forward: share of the picture's width at which yaw is 0.

    Raises:
        InputError: the file cannot be read, columns are missing, a pitch is beyond ±90°, or the
            trace is refused by a rule for all; the message says why.
    """
    table = columns.read(file)
    if columns.has(table, *_ROTATION):
        direction = sphere.from_unity_rotation(columns.rotations(table, _ROTATION), forward)
    elif columns.has(table, *_ANGLES):
        yaw, pitch = columns.require(table, *_ANGLES).T
        steep = np.abs(pitch) > 90.0
        if steep.any():
            place = int(np.argmax(steep))
            raise InputError(
                f"{file}, line {table.line[place]}: a pitch of {pitch[place]:g}° is beyond ±90°; "
                "write degrees, 0 at the horizon and positive upwards"
            )
        direction = sphere.from_yaw_pitch(np.radians(yaw), np.radians(pitch), forward)
    else:
        raise InputError(
            f"{file}: its columns are {table.header()}; a table of head movements has "
            "t_s,yaw_deg,pitch_deg or t_s,qx,qy,qz,qw"
        )
    time = columns.require(table, _TIME)[:, 0]
    row, valid = playback.keep(file, time, direction)
    path = file.absolute()
    return HeadTrace(path.parent.name, path.stem, time[row], direction[row], valid)
