"""Small videos and camera paths that the tests of the metrics measure."""

import cv2
import numpy as np

from dvs_jax import metrics, quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.metrics import MetricsTable

SIZE = (640, 480)


def times(frames: int, rate: float = 30.0) -> np.ndarray:
    return np.rint(np.arange(frames) * 1e9 / rate).astype(np.int64) + 86_400_000_000_000


def texture(size: tuple[int, int] = SIZE) -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 256, (15, 20, 3), np.uint8)
    return cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)


def scaled(x: float, y: float) -> np.ndarray:
    """Shrink about the middle of the corners' 640 × 480."""
    return np.array([[x, 0.0, 320.0 * (1 - x)], [0.0, y, 240.0 * (1 - y)], [0.0, 0.0, 1.0]])


def warped(matrix: np.ndarray) -> np.ndarray:
    return cv2.warpPerspective(texture(), matrix, SIZE)


def rolled(degrees: np.ndarray) -> list[np.ndarray]:
    turns = [cv2.getRotationMatrix2D((319.5, 239.5), angle, 1.0) for angle in degrees]
    image = texture()
    return [cv2.warpAffine(image, turn, SIZE, borderMode=cv2.BORDER_REFLECT) for turn in turns]


def measure(inputs, outputs, frames: int = 60, rate: float = 30.0, **others) -> MetricsTable:
    time_ns = times(frames, rate)
    return metrics.measure(inputs, outputs, time_ns=time_ns, camera=Camera(), **others)


def about_axis(degrees: np.ndarray, axis: int, time_ns: np.ndarray | None = None) -> CameraPath:
    vector = np.zeros((len(degrees), 3))
    vector[:, axis] = np.radians(degrees)
    time_ns = times(len(degrees)) if time_ns is None else time_ns
    return CameraPath(time_ns, quaternion.from_rotation_vector(vector))
