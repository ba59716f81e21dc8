import numpy as np
import pytest

from dvs_jax import camera_path, quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError


def turning_path():
    time_ns = 10**18 + np.arange(5, dtype=np.int64) * 10_000_000
    angle = np.radians([[0.0, 0.0, 10.0 * i] for i in range(5)])
    return CameraPath(time_ns, quaternion.from_rotation_vector(angle))


def test_golden_queries(golden):
    numbers = np.load(golden / "dvs/geometry.npz")
    extended = numbers["gyro_extended"]
    path = CameraPath(np.rint(extended[:, 0]).astype(np.int64), extended[:, 1:])
    query = np.rint(numbers["query_ns"]).astype(np.int64)
    found = camera_path.pose_at(path, query, "identity")
    np.testing.assert_allclose(found, numbers["gyro_at"], atol=2e-6)


def test_query_is_exact_at_a_year_of_uptime():
    path = turning_path()
    pose = camera_path.pose_at(path, path.time_ns[:1] + 12_500_000, "hold")
    angle = np.degrees(quaternion.to_rotation_vector(pose))
    np.testing.assert_allclose(angle, [[0.0, 0.0, 12.5]], atol=1e-9)


def test_beyond_the_ends():
    path = turning_path()
    outside = np.array([path.time_ns[0] - 1, path.time_ns[-1] + 1])
    held = camera_path.pose_at(path, outside, "hold")
    np.testing.assert_allclose(held, path.quaternion[[0, -1]])
    official = camera_path.pose_at(path, outside, "identity")
    np.testing.assert_array_equal(official, quaternion.identity((2,)))


def test_file_round_trip(tmp_path):
    path = turning_path()
    camera_path.write(path, tmp_path / "path.txt")
    again = camera_path.read(tmp_path / "path.txt")
    np.testing.assert_allclose(again.quaternion, path.quaternion, atol=1e-15)


@pytest.mark.parametrize("start_ns", [0, -5, 2**53 + 1, 1_601_468_900_123_456_789, 2**62])
def test_times_survive_a_file_to_the_nanosecond(tmp_path, start_ns):
    time_ns = start_ns + np.arange(5, dtype=np.int64) * 33_333_333
    path = CameraPath(time_ns, turning_path().quaternion)
    camera_path.write(path, tmp_path / "path.txt")
    np.testing.assert_array_equal(camera_path.read(tmp_path / "path.txt").time_ns, time_ns)


def test_times_of_the_official_program_are_floats(tmp_path):
    file = tmp_path / "path.txt"
    file.write_text("8.300400000000000000e+10 0 0 0 1\n83037333333.4 0 0 0 1\n")
    assert camera_path.read(file).time_ns.tolist() == [83_004_000_000, 83_037_333_333]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "the trajectory is empty"),
        ("# nothing\n", "the trajectory is empty"),
        ("1 0 0 0 1\n2 0 0 0 0\n", "line 2: the quaternion's norm is 0, not 1"),
        ("1 0 0 0 1\n\n2 0 nan 0 1\n", "line 3: the quaternion's norm is nan, not 1"),
        ("1 0 0 0 1\n1 0 0 0 1\n", "line 2: time does not advance"),
        ("1e999999999 0 0 0 1\n", r"line 1: no numbers of a trajectory \(the time 1e999999999"),
        (f"{'1' * 5000} 0 0 0 1\n", r"line 1: no numbers of a trajectory \(the time 1{40}\)"),
        ("1" * 1_000_000, "line 1: has more than 10000 characters"),
        ("\0\0\0", "the trajectory is empty"),
    ],
)
def test_a_bad_line_is_named(tmp_path, content, complaint):
    file = tmp_path / "path.txt"
    file.write_text(content)
    with pytest.raises(InputError, match=complaint):
        camera_path.read(file)


def test_bad_files_are_named(tmp_path):
    file = tmp_path / "path.txt"
    file.write_text("1 2 3\n")
    with pytest.raises(InputError, match=r"path\.txt.*5 columns"):
        camera_path.read(file)
    file.write_text("1 2 3 x 5\n")
    with pytest.raises(InputError, match=r"path\.txt"):
        camera_path.read(file)
    for time in ("nan", "inf", "1e300", "9223372036854775808", "1_0"):
        file.write_text(f"{time} 0 0 0 1\n")
        with pytest.raises(InputError, match=r"path\.txt"):
            camera_path.read(file)
    with pytest.raises(InputError, match=r"missing\.txt"):
        camera_path.read(tmp_path / "missing.txt")
