"""A clip's sensor logs, independent of file formats, and their values at any time."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import camera, camera_path
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath


@dataclass(frozen=True)
class OisLog:
    """The lens shifts of the optical image stabiliser.

    Attributes:
        time_ns: int64 [sample], nanoseconds on the OIS's clock, increasing.
        offset: float64 [sample, 2], shift (x, y) of the image in fractions of its width and height.
    """

    time_ns: Int[np.ndarray, "sample"]
    offset: Float[np.ndarray, "sample 2"]


@dataclass(frozen=True)
class AccelerometerLog:
    """What the accelerometer measured: at rest the direction away from the ground.

    Attributes:
        time_ns: int64 [sample], nanoseconds on the video's clock, increasing.
        acceleration: float64 [sample, 3], along the camera's x, y and z, in any one unit.
    """

    time_ns: Int[np.ndarray, "sample"]
    acceleration: Float[np.ndarray, "sample 3"]


@dataclass(frozen=True)
class FrameLog:
    """When each frame was exposed.

    Attributes:
        time_ns: int64 [frame], middle of the first row's exposure, nanoseconds on the video's
            clock, increasing.
        readout_ns: int64 [frame], nanoseconds from the first row's exposure to the last row's.
        ois_time_ns: int64 [frame], the OIS's clock at `time_ns`.
    """

    time_ns: Int[np.ndarray, "frame"]
    readout_ns: Int[np.ndarray, "frame"]
    ois_time_ns: Int[np.ndarray, "frame"]

    def __len__(self) -> int:
        return len(self.time_ns)


@dataclass(frozen=True)
class SensorLog:
    """All that is known about a clip besides its frames.

    Attributes:
        camera: intrinsics, readout time, and the sensors' axes, clock and units.
        gyro: the camera's real pose at each sample of its log, world to camera.
        ois: the lens shifts, or None without a log.
        frames: one entry per frame of the video.
        accelerometer: what it measured, or None without a log.
        told: the fields of `camera` that the logs or the description beside them tell, by name; the
            others are assumed.
    """

    camera: Camera
    gyro: CameraPath
    ois: OisLog | None
    frames: FrameLog
    accelerometer: AccelerometerLog | None = None
    told: frozenset[str] = frozenset()


def ois_at(log: OisLog | None, time_ns: Int[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 2"]:
    """Return the lens shift at any times: linear between samples, held at both ends.

    Args:
        log: the OIS log; None for no shift.
        time_ns: int64 nanoseconds on the OIS's clock.

    Returns:
        float64 (x, y) in fractions of the image's width and height.
    """
    if log is None:
        return np.zeros((*np.shape(time_ns), 2))
    # Relative to the first sample, float64 holds nanoseconds exactly even after years of uptime.
    start = log.time_ns[0]
    query, samples = (time_ns - start).astype(float), (log.time_ns - start).astype(float)
    return np.stack([np.interp(query, samples, log.offset[:, axis]) for axis in (0, 1)], axis=-1)


def row_poses(
    log: SensorLog, rows: int = camera.GRID_ROWS
) -> tuple[Float[np.ndarray, "frame row 4"], Float[np.ndarray, "frame row 2"]]:
    """Return pose and lens shift while each row of a warp grid was exposed.

    Args:
        log: the clip's sensors.
        rows: how many rows the grid has, spread evenly over the frame.

    Returns:
        float64 poses [x, y, z, w], world to camera, held beyond the gyro log's ends, and float64
        lens shifts (x, y) in fractions of the image's width and height.
    """
    delay = np.rint(log.frames.readout_ns[:, None] * camera.row_fractions(rows)).astype(np.int64)
    pose = camera_path.pose_at(log.gyro, log.frames.time_ns[:, None] + delay, outside="hold")
    return pose, ois_at(log.ois, log.frames.ois_time_ns[:, None] + delay)


def part_of(log: SensorLog, chosen: slice) -> SensorLog:
    """Return the same sensors with only some of the frames."""
    frames = log.frames
    kept = FrameLog(frames.time_ns[chosen], frames.readout_ns[chosen], frames.ois_time_ns[chosen])
    return replace(log, frames=kept)


def center_time_ns(frames: FrameLog) -> Int[np.ndarray, "frame"]:
    """Return when the middle row of each frame was exposed, int64 nanoseconds."""
    return frames.time_ns + frames.readout_ns // 2
