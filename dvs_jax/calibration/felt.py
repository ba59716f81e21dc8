"""What the gyro felt: its turn between any two times, about the log's own axes."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, accumulated_turn
from dvs_jax.sensors.gyro import reorder

Seconds = Float[np.ndarray, "*time"]


class Felt(NamedTuple):
    """A log of angular velocity, summed up.

    Attributes:
        time_s: float64 [sample], on the log's own clock.
        angle: float64 [sample, 3], rad: the angular velocity about the log's axes, integrated.
    """

    time_s: Float[np.ndarray, "sample"]
    angle: Float[np.ndarray, "sample 3"]

    def turned(self, begin_s: Seconds, end_s: Seconds) -> Float[np.ndarray, "*time 3"]:
        """Return by how much the camera turned between times, rad, about the log's axes.

        For times as far apart as two frames this is the rotation vector, but for the commutator of
        the turns within.
        """
        return self._at(end_s) - self._at(begin_s)

    def _at(self, time_s: Seconds) -> Float[np.ndarray, "*time 3"]:
        parts = [np.interp(time_s, self.time_s, self.angle[:, axis]) for axis in range(3)]
        return np.stack(parts, axis=-1)


def felt_by(gyro: CameraPath, camera: Camera) -> Felt:
    """Return what a log felt, by its own axes and clock.

    Args:
        gyro: the log as poses, by the axes and the clock's offset that `camera` assumes.
        camera: the camera.
    """
    angle = accumulated_turn(gyro.quaternion) @ mounting_matrix(camera.gyro_axes)
    return Felt(gyro.time_ns * 1e-9 - camera.clock_offset_s, angle)


def mounting_matrix(axes: tuple[str, str, str]) -> Float[np.ndarray, "3 3"]:
    """Return the matrix that takes a vector about the log's axes to the pose's x, y, z."""
    return reorder(np.eye(3), axes).T
