"""A camera path: poses over time, of the real or the virtual camera."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.bounded_file import lines
from dvs_jax.errors import InputError, reading

_UNIT_NORM_TOLERANCE = 0.01


@dataclass(frozen=True)
class CameraPath:
    """Poses of a camera at increasing times.

    Attributes:
        time_ns: int64 [pose], nanoseconds on the video's clock.
        quaternion: float64 [pose, 4], [x, y, z, w], world to camera.
    """

    time_ns: Int[np.ndarray, "pose"]
    quaternion: Float[np.ndarray, "pose 4"]

    def __len__(self) -> int:
        return len(self.time_ns)


def pose_at(
    path: CameraPath, time_ns: Int[np.ndarray, "*batch"], outside: Literal["hold", "identity"]
) -> Float[np.ndarray, "*batch 4"]:
    """Return the poses at any times: slerp between the two neighbours.

    Args:
        path: two poses or more.
        time_ns: int64 nanoseconds on the path's clock.
        outside: what lies beyond the path's ends: its first and last pose, or (the official
            program's choice) the identity.

    Returns:
        float64 [*batch, 4], [x, y, z, w], world to camera.
    """
    after = np.clip(np.searchsorted(path.time_ns, time_ns, side="right"), 1, len(path) - 1)
    start, end = path.time_ns[after - 1], path.time_ns[after]
    # Differences of int64 times are exact; float64 seconds of a phone's uptime would not be.
    ratio = (time_ns - start) / (end - start)
    pose = quaternion.slerp(path.quaternion[after - 1], path.quaternion[after], ratio)
    if outside == "hold":
        return pose
    beyond = (time_ns < path.time_ns[0]) | (time_ns > path.time_ns[-1])
    return np.where(beyond[..., None], quaternion.identity(), pose)


def accumulated_turn(pose: Float[np.ndarray, "pose 4"]) -> Float[np.ndarray, "pose 3"]:
    """Return the sums of the rotation vectors from pose to pose, rad, beginning with zero.

    They neither wrap nor depend on the world's frame.
    """
    step = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    angle = np.cumsum(quaternion.to_rotation_vector(step), axis=0)
    return np.concatenate([np.zeros((1, 3)), angle])


def write(path: CameraPath, file: Path) -> None:
    """Write one row a pose, `t_ns q_x q_y q_z q_w`: DVS's trajectory file."""
    rows = [
        f"{time} " + " ".join(f"{value:.17g}" for value in pose)
        for time, pose in zip(path.time_ns, path.quaternion, strict=True)
    ]
    file.write_text("\n".join(rows) + "\n")


def read(file: Path) -> CameraPath:
    """Read a trajectory file, ours or the official program's (which writes times as floats).

    Raises:
        InputError: the file cannot be read, has no pose, or a line (it is named) is not a time that
            fits int64, later than the one before, and a quaternion of norm 1, within 1 %.
    """
    with reading(file, "not a trajectory file"):
        rows = [
            (number, fields)
            for number, line in enumerate(lines(file), 1)
            if (fields := line.partition("#")[0].split())
        ]
    poses = [_pose(fields, f"{file}, line {number}") for number, fields in rows]
    if not poses:
        raise InputError(f"{file}: the trajectory is empty; write it again")
    time_ns = np.array([time for time, _ in poses], np.int64)
    _require_increasing(time_ns, [number for number, _ in rows], file)
    return CameraPath(time_ns, quaternion.normalize(np.array([pose for _, pose in poses])))


def _pose(fields: list[str], place: str) -> tuple[int, list[float]]:
    """Return time and quaternion; float64 would round times beyond 2⁵³ ns (104 days)."""
    if len(fields) != 5:
        raise InputError(f"{place}: a trajectory has 5 columns (t qx qy qz qw), not {len(fields)}")
    with reading(place, "no numbers of a trajectory"):
        values = [float(field) for field in fields]
        if not abs(values[0]) < 2.0**63 or "_" in "".join(fields):
            raise ValueError(f"the time {fields[0][:40]}")
        time = round(Decimal(fields[0]))
    norm = math.hypot(*values[1:])
    if not abs(norm - 1.0) <= _UNIT_NORM_TOLERANCE:
        raise InputError(f"{place}: the quaternion's norm is {norm:.3g}, not 1")
    return time, values[1:]


def _require_increasing(time_ns: Int[np.ndarray, "pose"], line: Sequence[int], file: Path) -> None:
    stuck = np.flatnonzero(time_ns[1:] <= time_ns[:-1])
    if len(stuck):
        raise InputError(f"{file}, line {line[stuck[0] + 1]}: time does not advance")
