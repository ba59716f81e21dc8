"""The gyro's clock, set to the video's."""

import numpy as np
from jaxtyping import Int

from dvs_jax.camera import Camera


def on_video_clock(
    time_ns: Int[np.ndarray, "sample"], camera: Camera, first_frame_ns: int
) -> Int[np.ndarray, "sample"]:
    """Return a log's times on the video's clock.

    Args:
        time_ns: int64 nanoseconds by the gyro's clock.
        camera: its clock's offset and drift.
        first_frame_ns: when the first frame was exposed, by the video's clock: there the offset is
            the whole difference, and the drift adds to it from there on.
    """
    shifted = time_ns + round(camera.clock_offset_s * 1e9)
    drifted = np.rint((shifted - first_frame_ns) * camera.clock_drift).astype(np.int64)
    return shifted + drifted
