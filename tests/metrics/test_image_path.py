"""The camera path behind homographies."""

import numpy as np
import pytest

from dvs_jax import camera as cameras
from dvs_jax import metrics, quaternion
from dvs_jax.camera import Camera
from tests.metrics.videos import times

pytestmark = pytest.mark.filterwarnings("error")


def test_image_path_recovers_the_rotation_behind_the_homographies():
    size = (1280, 720)
    camera = Camera(focal_length=(0.9, 0.9))
    wobble = np.random.default_rng(1).normal(0.0, 0.02, (8, 3))
    pose = quaternion.from_rotation_vector(np.cumsum(wobble, axis=0) - wobble[:1])
    still = np.zeros((7, 2))
    full = cameras.homography(camera, size, pose[:-1], pose[1:], still, still)
    # From 640 × 480 to 1280 × 720 and back, between pixel centres.
    enlarge = np.array([[2.0, 0.0, 0.5], [0.0, 1.5, 0.25], [0.0, 0.0, 1.0]])
    motions = np.linalg.inv(enlarge) @ full @ enlarge
    path = metrics.image_path(3.0 * motions, size, times(8), camera)
    expected = quaternion.multiply(pose, np.broadcast_to(quaternion.conjugate(pose[0]), (8, 4)))
    np.testing.assert_allclose(quaternion.angle_between(path.quaternion, expected), 0.0, atol=1e-9)
    np.testing.assert_array_equal(path.time_ns, times(8))
