"""Footage without pictures, for the tests of the evaluation."""

import numpy as np

from dvs_jax import evaluation, quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.evaluation import Footage
from dvs_jax.fused.record import Record, no_flow, record_of_path

SIZE = (1280, 720)


def record_of(path: CameraPath, name: str = "walk", **others) -> Record:
    view = (Camera(), SIZE, no_flow(len(path) - 1))
    return record_of_path(name, path, path.time_ns, *view, **others)


def yawing(angle_deg: np.ndarray, name: str = "yaw") -> Footage:
    """Footage at 30 frames/s of a camera with these yaw angles."""
    vector = np.zeros((len(angle_deg), 3))
    vector[:, 1] = np.radians(angle_deg)
    time_ns = np.rint(np.arange(len(angle_deg)) * 1e9 / 30).astype(np.int64)
    path = CameraPath(time_ns, quaternion.from_rotation_vector(vector))
    return evaluation.of_record(record_of(path, name))


def sine(hz: float, seconds: float = 10.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(30 * seconds)) / 30)
