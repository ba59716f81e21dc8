"""Tables of the camera at every row of every frame, for bulk flow."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from dvs_jax import camera, quaternion, sensors
from dvs_jax.synthetic import logs
from dvs_jax.synthetic.clip import SyntheticClip, seconds_since_start
from dvs_jax.synthetic.motion import Motion, pose_at, position_at


@dataclass(frozen=True)
class RowCameras:
    """The camera while the middle of each of the flow's rows was exposed.

    Attributes:
        time_s: float64 [frame, row], seconds after frame 0.
        projection: float32 [frame, row, 3, 3], K·R: world directions to pixels of the flow.
        back_projection: float32 [frame, row, 3, 3], its inverse.
        center: float64 [frame, row, 3], the camera centre in the world, metres.
        size: width and height of the flow in pixels.
        reach: first and last row (fractional, in rows of the flow) that the sensor has.
    """

    time_s: Float[np.ndarray, "frame row"]
    projection: Float32[np.ndarray, "frame row 3 3"]
    back_projection: Float32[np.ndarray, "frame row 3 3"]
    center: Float[np.ndarray, "frame row 3"]
    size: tuple[int, int]
    reach: tuple[float, float]


def make_row_cameras(clip: SyntheticClip, motion: Motion, size: tuple[int, int]) -> RowCameras:
    """Tabulate a clip's camera for flow of any size, with rolling shutter and OIS, without lens."""
    height = size[1]
    ratio = np.array(clip.size) / np.array(size)
    frames, lens = logs.make_frame_log(clip), logs.make_ois_log(clip, motion)
    row_share = ((np.arange(height) + 0.5) * ratio[1] - 0.5) / (clip.size[1] - 1)
    delay_ns = np.rint(frames.readout_ns[:, None] * row_share).astype(np.int64)
    time_s = seconds_since_start(frames.time_ns[:, None] + delay_ns)
    pose = pose_at(motion, time_s)
    shift = sensors.ois_at(lens, frames.ois_time_ns[:, None] + delay_ns)
    # Pixel centres lie on integers at either size, half a pixel inside the image's corner.
    to_flow = np.diag([*(1 / ratio), 1.0])
    to_flow[:2, 2] = 0.5 / ratio - 0.5
    forth = to_flow @ camera.projection(clip.camera, clip.size, pose, shift)
    turn_back = quaternion.to_matrix(quaternion.conjugate(pose))
    back = turn_back @ camera.inverse_intrinsic_matrix(clip.camera, clip.size, shift)
    half_pixel = 0.5 / float(ratio[1])
    return RowCameras(
        time_s=time_s,
        projection=forth.astype(np.float32),
        back_projection=(back @ np.linalg.inv(to_flow)).astype(np.float32),
        center=position_at(motion, time_s),
        size=size,
        reach=(half_pixel - 0.5, height - 0.5 - half_pixel),
    )
