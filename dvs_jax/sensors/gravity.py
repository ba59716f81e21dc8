"""Which way is up, from accelerometer and gyro together.

A complementary filter (Mahony, Hamel and Pflimlin, "Nonlinear complementary filters on the special
orthogonal group", 2008, in its direct form): the accelerometer shows gravity in the mean, the gyro
how the camera turned meanwhile. Here it looks to both sides of each moment, so that a steady error
of the gyro cancels.
"""

import numpy as np
import scipy
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.sensors.log import AccelerometerLog

MEMORY_S = 3.0
"""Time constant in seconds, to both sides, over which the accelerometer is averaged."""

TRUSTED_SHARE = 0.1
"""Deviation from the usual length, as a share of it, at which a measurement counts exp(−½)."""

_LEAST_TRUST = 1e-6

_INTERVAL_S = 0.1


def up_at(
    log: AccelerometerLog, gyro: CameraPath, time_ns: Int[np.ndarray, "frame"]
) -> Float[np.ndarray, "frame 3"]:
    """Return the direction away from the ground, in the world's coordinates of the gyro's poses.

    The gyro's world drifts, and this direction with it.

    Args:
        log: the accelerometer's.
        gyro: the camera's real path.
        time_ns: int64 nanoseconds on the video's clock.

    Returns:
        float64 unit vectors (x, y, z).
    """
    up = quaternion.rotate(
        quaternion.conjugate(pose_at(gyro, log.time_ns, "hold")), log.acceleration
    )
    since_s = (log.time_ns - log.time_ns[0]) * 1e-9
    weighted = np.concatenate([up, np.ones((len(up), 1))], axis=1) * _trust(up)[:, None]
    place = (since_s / _INTERVAL_S).astype(int)
    sums = np.stack([np.bincount(place, column) for column in weighted.T], axis=1)
    around = _decaying(sums) + _decaying(sums[::-1])[::-1] - sums
    middle_s = (np.arange(len(sums)) + 0.5) * _INTERVAL_S
    wanted_s = (time_ns - log.time_ns[0]) * 1e-9
    mean = around[:, :3] / around[:, 3:]
    found = np.stack([np.interp(wanted_s, middle_s, axis) for axis in mean.T], axis=1)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _LEAST_TRUST)


def _trust(acceleration: Float[np.ndarray, "sample 3"]) -> Float[np.ndarray, "sample"]:
    """Return each measurement's weight: less where the camera is accelerated besides."""
    length = np.linalg.norm(acceleration, axis=1)
    share = length / max(float(np.median(length)), _LEAST_TRUST) - 1.0
    return np.exp(-0.5 * np.square(share / TRUSTED_SHARE)) + _LEAST_TRUST


def _decaying(sums: Float[np.ndarray, "time 4"]) -> Float[np.ndarray, "time 4"]:
    decay = np.exp(-_INTERVAL_S / MEMORY_S)
    return np.asarray(scipy.signal.lfilter([1.0], [1.0, -decay], sums, axis=0))
