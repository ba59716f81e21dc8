"""A recorded camera's rotation as waves, with which a synthetic camera turns as a real one did."""

import numpy as np
from jaxtyping import Float
from scipy.fft import dct

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.synthetic.waves import Waves

INTERVAL_S = 0.005
"""Between the samples that the waves go through."""

STEEPEST_DEG = 75.0
"""Pitch beyond which yaw and roll are no longer told apart."""


def recorded_angles(path: CameraPath, begin_ns: int, start_ns: int, end_ns: int) -> Waves:
    """Return a recorded path's pitch, yaw and roll, as `SyntheticClip.angles` takes them.

    Args:
        path: the camera's poses, world to camera, which last from `begin_ns` to `end_ns`.
        begin_ns: where the waves begin.
        start_ns: the clip's frame 0, the waves' time 0.
        end_ns: where the waves end; beyond both ends they are mirrored.

    Returns:
        Waves that go through the path's angles every 5 ms, radians: pitch (up), yaw (to the
        right) and roll (clockwise), away from the pose halfway.

    Raises:
        InputError: the camera turns so far that it looks straight up or down.
    """
    count = round((end_ns - begin_ns) * 1e-9 / INTERVAL_S)
    time_ns = begin_ns + np.rint((np.arange(count) + 0.5) * INTERVAL_S * 1e9).astype(np.int64)
    return _cosines(_angles(pose_at(path, time_ns, "hold")), (begin_ns - start_ns) * 1e-9)


def _angles(pose: Float[np.ndarray, "sample 4"]) -> Float[np.ndarray, "sample 3"]:
    """Return pitch, yaw and roll away from the middle pose, without jumps by whole turns."""
    middle = np.broadcast_to(pose[len(pose) // 2], pose.shape)
    away = quaternion.multiply(pose, quaternion.conjugate(middle))
    to_world = quaternion.to_matrix(quaternion.conjugate(away))
    pitch = -np.arcsin(np.clip(to_world[:, 1, 2], -1.0, 1.0))
    if np.degrees(np.abs(pitch).max()) > STEEPEST_DEG:
        raise InputError(f"the camera pitches by more than {STEEPEST_DEG:g}°")
    yaw = np.arctan2(to_world[:, 0, 2], to_world[:, 2, 2])
    roll = np.arctan2(to_world[:, 1, 0], to_world[:, 1, 1])
    return np.stack([pitch, np.unwrap(yaw), np.unwrap(roll)], axis=-1)


def _cosines(values: Float[np.ndarray, "sample 3"], begin_s: float) -> Waves:
    """Return the cosine transform (DCT-II) as waves: exact at the samples' times."""
    count = len(values)
    amplitude = dct(values, type=2, axis=0) / count
    amplitude[0] /= 2.0
    frequency = np.arange(count)[:, None] / (2.0 * count * INTERVAL_S) * np.ones(3)
    return Waves(frequency, amplitude, np.pi / 2 - 2.0 * np.pi * frequency * begin_s)
