"""A camera path: poses over time, real or virtual."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.errors import InputError


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
    """Return the poses at any times: slerp between the two neighbours (specs §2).

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


def write(path: CameraPath, file: Path) -> None:
    """Write one row a pose, `t_ns q_x q_y q_z q_w`: the official trajectory file (specs §9)."""
    rows = [
        f"{time} " + " ".join(f"{value:.17g}" for value in pose)
        for time, pose in zip(path.time_ns, path.quaternion, strict=True)
    ]
    file.write_text("\n".join(rows) + "\n")


def read(file: Path) -> CameraPath:
    """Read a trajectory file, ours or the official program's (which writes times as floats).

    Raises:
        InputError: the file is missing, or not five numbers a line, or a time does not fit int64.
    """
    try:
        rows = np.loadtxt(file, ndmin=2)
        time_ns = _whole_times(file)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"{file}: not a trajectory file ({error})") from None
    if rows.shape[1] != 5:
        raise InputError(f"{file}: a trajectory has 5 columns (t qx qy qz qw), not {rows.shape[1]}")
    return CameraPath(time_ns, quaternion.normalize(rows[:, 1:]))


def _whole_times(file: Path) -> Int[np.ndarray, "pose"]:
    """Return the first column as it is written: float64 would round beyond 2⁵³ ns (104 days)."""
    return np.loadtxt(
        file, usecols=0, dtype=np.int64, ndmin=1, converters=lambda text: round(Decimal(text))
    )
