"""Writes head movements as recorders do, for tests and for trying the commands."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import wu
from dvs_jax.viewport.traces.trace import HeadTrace

_STARTED_AT_S = 1_700_000_000.0

_CLOCKS = ("Timestamp", "PlaybackTime", "VideoFrame")
_HEAD = (
    *_CLOCKS,
    *(f"UnitQuaternion.{axis}" for axis in "xyzw"),
    *(f"HmdPosition.{axis}" for axis in "xyz"),
    *(f"{kind}{angle}" for kind in ("Euler", "Vel") for angle in ("Yaw", "Pitch", "Roll")),
)
_COMBINED = (
    *_CLOCKS,
    *("HeadYaw", "HeadPitch", "HeadRoll", "GazeYaw", "GazePitch"),
    *("GazeRelativeH", "GazeRelativeV", "EyeHeadOffset", "AbsoluteGazeYaw", "AbsoluteGazePitch"),
    *("LeftOpenness", "RightOpenness", "BlinkL", "BlinkR", "FaceIsValid", "SmileL", "SmileR"),
    *("BrowDownL", "BrowDownR", "JawOpen", "EyeClosedL", "EyeClosedR", "FaceActivity"),
)
_WU = (
    *("Timestamp", "PlaybackTime"),
    *(f"UnitQuaternion.{axis}" for axis in "xyzw"),
    *(f"HmdPosition.{axis}" for axis in "xyz"),
)


def write_quest(folder: Path, trace: HeadTrace, roll_deg: float = 0.0) -> None:
    """Write head.csv and combined.csv with the recorder's faults: its pitch is positive downwards.

    Args:
        folder: made if it is missing.
        trace: with a gaze.
        roll_deg: of the head, throughout.
    """
    assert trace.gaze is not None
    yaw, up = (np.degrees(each) for each in sphere.to_yaw_pitch(trace.direction))
    gaze_yaw, gaze_up = (np.degrees(each) for each in sphere.to_yaw_pitch(trace.gaze))
    roll = np.full_like(yaw, roll_deg)
    rotation = sphere.unity_rotation(*map(np.radians, (yaw, -up, roll)))
    euler = np.stack([yaw % 360.0, -up % 360.0, roll % 360.0], axis=-1)
    nothing = np.zeros((len(yaw), 3))
    _write(folder / "head.csv", _HEAD, [*_clocks(trace), rotation, nothing, euler, nothing])
    right, above = gaze_yaw - yaw, gaze_up + up
    eyes = [gaze_yaw, gaze_up, right, above, np.hypot(right, above), gaze_yaw, gaze_up]
    face = np.zeros((len(yaw), len(_COMBINED) - len(_CLOCKS) - 3 - len(eyes)))
    _write(folder / "combined.csv", _COMBINED, [*_clocks(trace), yaw, -up, roll, *eyes, face])


def write_wu(file: Path, trace: HeadTrace) -> None:
    """Write video_<number>.csv of the data of Wu and others, with rows of the video before it."""
    yaw, up = sphere.to_yaw_pitch(trace.direction, wu.FORWARD)
    rotation = sphere.unity_rotation(yaw, -up, np.zeros_like(yaw))
    time, _, _ = _clocks(trace)
    rubbish = np.r_[np.full(5, 163.2), trace.time_s]
    repeated = [np.r_[np.repeat(each[:1], 5, axis=0), each] for each in (time, rotation)]
    nothing = np.zeros((len(rubbish), 3))
    _write(file, _WU, [repeated[0], rubbish, repeated[1], nothing])


def write_plain(file: Path, trace: HeadTrace) -> None:
    """Write t_s,yaw_deg,pitch_deg."""
    angles = [np.degrees(each) for each in sphere.to_yaw_pitch(trace.direction)]
    _write(file, ("t_s", "yaw_deg", "pitch_deg"), [trace.time_s, *angles])


def _clocks(trace: HeadTrace) -> list[Float[np.ndarray, "sample"]]:
    return [_STARTED_AT_S + trace.time_s, trace.time_s, np.floor(trace.time_s * 30.0)]


def _write(file: Path, names: tuple[str, ...], columns: list[np.ndarray]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = np.column_stack(columns)
    assert rows.shape[1] == len(names)
    np.savetxt(file, rows, "%.12g", ",", header=",".join(names), comments="")
