import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.smoothing import smooth, smoothed_portions

DEVIATION_S = 0.1


@pytest.mark.parametrize(
    "lengths", [[200], [1, 2, 3, 194], [60, 60, 60, 20], [7] * 28 + [4]], ids=len
)
def test_portions_are_those_of_the_whole_path(lengths):
    rng = np.random.default_rng(0)
    time_ns = np.cumsum(rng.integers(15_000_000, 25_000_000, 200))
    turns = np.cumsum(rng.normal(0.0, 0.01, (200, 3)), axis=0) + np.linspace(0, 7, 200)[:, None]
    path = CameraPath(time_ns, quaternion.from_rotation_vector(turns))
    wanted = smooth("gaussian", path, DEVIATION_S).quaternion
    portions = np.split(path.quaternion, np.cumsum(lengths)[:-1])
    parts = list(smoothed_portions(portions, time_ns, DEVIATION_S))
    own, found = (np.concatenate(each) for each in zip(*parts, strict=True))
    np.testing.assert_array_equal(own, path.quaternion)
    apart = quaternion.multiply(found, quaternion.conjugate(wanted))
    np.testing.assert_allclose(quaternion.to_rotation_vector(apart), 0.0, atol=2e-6)


def test_no_more_waits_than_the_window_and_a_portion():
    time_ns = np.arange(1000) * 10_000_000
    path = quaternion.from_rotation_vector(np.zeros((1000, 3)))
    taken = done = 0

    def portions():
        nonlocal taken
        for portion in np.split(path, 50):
            taken += len(portion)
            yield portion

    for _, smoothed in smoothed_portions(portions(), time_ns, DEVIATION_S):
        done += len(smoothed)
        assert taken - done <= 42 or taken == done
    assert done == 1000
