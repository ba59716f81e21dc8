"""Gyro logs of every layout, and what is wrong with some."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.sensors import gyro

COUNT = 100
TIME_US = 1_000_000 + 5_000 * np.arange(COUNT)
VELOCITY = np.random.default_rng(3).uniform(-2, 2, (COUNT, 3))


@pytest.fixture
def log(tmp_path):
    def write(rows, header=""):
        lines = [" ".join(map(repr, row)) for row in rows]
        file = tmp_path / "gyro.txt"
        file.write_text("\n".join([header, *lines] if header else lines))
        return file

    return write


def samples(time_us=TIME_US, velocity=VELOCITY):
    return [[int(t), *map(float, w)] for t, w in zip(time_us, velocity, strict=True)]


def test_the_released_layout(log):
    path = gyro.read(log(samples()), Camera())
    np.testing.assert_array_equal(path.time_ns, TIME_US * 1000)
    turn = quaternion.multiply(path.quaternion[1:], quaternion.conjugate(path.quaternion[:-1]))
    rate = quaternion.to_rotation_vector(turn) / 0.005
    np.testing.assert_allclose(rate, VELOCITY[1:, [1, 0, 2]], atol=1e-9)


def test_axes_signs_and_clock_of_the_camera(log):
    camera = Camera(gyro_axes=("-z", "x", "-y"), clock_offset_s=-0.25)
    path = gyro.read(log(samples()), camera)
    np.testing.assert_array_equal(path.time_ns, TIME_US * 1000 - 250_000_000)
    turn = quaternion.multiply(path.quaternion[1:], quaternion.conjugate(path.quaternion[:-1]))
    rate = quaternion.to_rotation_vector(turn) / 0.005
    np.testing.assert_allclose(rate, VELOCITY[1:, [2, 0, 1]] * [-1, 1, -1], atol=1e-9)


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        ("t_us wx wy wz", 1.0),
        ("time_us gx gy gz", 1.0),
        ("timestamp_us g0_rad_s g1_rad_s g2_rad_s", 1.0),
        ("t_us x y z", 1.0),
        ("t_us wx_deg_s wy_deg_s wz_deg_s", 180 / np.pi),
    ],
)
def test_named_columns(log, header, scale):
    released = gyro.read(log(samples()), Camera())
    named = gyro.read(log(samples(velocity=VELOCITY * scale), header), Camera())
    np.testing.assert_array_equal(named.time_ns, released.time_ns)
    np.testing.assert_allclose(named.quaternion, released.quaternion, atol=1e-12)


def test_named_columns_in_any_order_among_others(log):
    released = gyro.read(log(samples()), Camera())
    rows = [[w[2], 9.81, w[0], t * 1000, w[1]] for t, *w in samples()]
    named = gyro.read(log(rows, "wz accel wx t_ns wy"), Camera())
    np.testing.assert_array_equal(named.quaternion, released.quaternion)


@pytest.mark.parametrize("header", ["", "t_ns qx qy qz qw", "t_ns x y z qx qy qz qw"])
def test_orientations_are_poses_already(log, header):
    pose = quaternion.normalize(np.random.default_rng(5).standard_normal((COUNT, 4)))
    position = [[1.0, 2.0, 3.0]] * COUNT if "x y z" in header else [[]] * COUNT
    rows = [
        [int(t), *p, *map(float, q)] for t, p, q in zip(TIME_US * 1000, position, pose, strict=True)
    ]
    path = gyro.read(log(rows, header), Camera())
    np.testing.assert_array_equal(path.time_ns, TIME_US * 1000)
    np.testing.assert_allclose(path.quaternion, pose, atol=1e-15)


@pytest.mark.parametrize(
    ("rows", "header", "complaint"),
    [
        ([[0, 1, 2], [1, 1, 2]], "", "3 columns without a header; a log of this kind has t_us wx"),
        ([[0, 1, 2], [1, 1, 2]], "t_s wx wy", "t_s, wx, wy; a log of this kind has"),
        (
            [[0, 0, 0, 0, 1], [1, 3, 0, 0, 1]],
            "",
            r"gyro\.txt, line 2: the quaternion's norm is 3.16",
        ),
        ([[0, 1, 1, 1], [1, 1, -200, 1]], "", "line 2: 200 rad/s is faster .* name .* wx_deg_s"),
        ([[0, 1, 1, 1]], "", "a single sample"),
        ([[5, 1, 1, 1], [5, 1, 1, 1]], "", "a single sample"),
        (
            [[0, 1, 1, 1], [5000, 1, 1, 1], [4999, 1, 1, 1]],
            "",
            r"line 3: time runs backwards, from 0\.005000 s to 0\.004999 s; is the time in that",
        ),
        (
            [[0, 1, 1, 1], [-1, 1, 1, 1]],
            "t_s wx wy wz",
            r"line 3: .* from 0\.0\d* s to -1\.0\d* s$",
        ),
    ],
)
def test_bad_logs(log, rows, header, complaint):
    with pytest.raises(InputError, match=complaint):
        gyro.read(log(rows, header), Camera())


def test_repeated_times_are_dropped_and_told(log, caplog):
    released = gyro.read(log(samples()), Camera())
    rows = samples()
    again = gyro.read(log([*rows[:40], [rows[39][0], 9, 9, 9], *rows[40:]]), Camera())
    np.testing.assert_array_equal(again.quaternion, released.quaternion)
    assert "dropped 1 samples that repeat a time (first on line 41)" in caplog.text


@pytest.mark.parametrize("batch", [2, 10])
def test_samples_in_batches_are_spread(log, caplog, batch):
    """Within a batch the true times come back, and after it too, but for the last one's."""
    released = gyro.read(log(samples()), Camera())
    arrived = TIME_US[::batch].repeat(batch)
    spread = gyro.read(log(samples(arrived)), Camera())
    np.testing.assert_array_equal(spread.time_ns, released.time_ns)
    np.testing.assert_array_equal(spread.quaternion, released.quaternion)
    assert f"samples came in batches of up to {batch} with one time" in caplog.text


def test_a_lost_batch_is_a_gap(log):
    arrived = TIME_US[::10].repeat(10)
    arrived[50:] += 400_000
    time_ns = gyro.read(log(samples(arrived)), Camera()).time_ns
    assert time_ns[50] == arrived[50] * 1000
    assert np.diff(time_ns).max() > 300_000_000


def test_a_sample_that_is_written_twice_is_a_repeat(log):
    released = gyro.read(log(samples()), Camera())
    twice = [row for row in samples() for _ in range(2)]
    np.testing.assert_array_equal(gyro.read(log(twice), Camera()).time_ns, released.time_ns)


@pytest.mark.parametrize("header", ["", "t_us wx wy wz"])
def test_degrees_are_told_by_their_size(log, caplog, header):
    released = gyro.read(log(samples()), Camera())
    degrees = gyro.read(log(samples(velocity=np.degrees(VELOCITY)), header), Camera())
    np.testing.assert_allclose(degrees.quaternion, released.quaternion, atol=1e-12)
    assert "read as degrees per second" in caplog.text


def test_a_unit_that_is_named_is_taken_at_its_word(log, caplog):
    gyro.read(log(samples(velocity=20 * VELOCITY), "t_us wx_rad_s wy_rad_s wz_rad_s"), Camera())
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("gopro/karma_gyro.csv", [0, 1, 2, 3]),
        ("gopro/max-heromode_gyro.csv", [0, 1, 2, 3]),
        ("phone_drive/gyro.txt", [3, 0, 1, 2]),
        ("gopro_imu/imu.csv", [0, 1, 2, 3]),
    ],
)
def test_real_recordings_are_told_apart_in_either_unit(recordings, log, caplog, name, order):
    rows = np.loadtxt(recordings / name, delimiter=",", skiprows=1)[:2000, order]
    gyro.read(log(rows.tolist(), "t_s wx wy wz"), Camera())
    assert "degrees" not in caplog.text
    rows[:, 1:] *= 180 / np.pi
    gyro.read(log(rows.tolist(), "t_s wx wy wz"), Camera())
    assert "read as degrees" in caplog.text


def test_further_columns_of_the_authors_own_logs_are_passed_over(log):
    released = gyro.read(log(samples()), Camera())
    for width in (5, 6, 7):
        rows = [[*row, row[0], index, 1.0][:width] for index, row in enumerate(samples())]
        wider = gyro.read(log(rows), Camera())
        np.testing.assert_array_equal(wider.quaternion, released.quaternion)
        np.testing.assert_array_equal(wider.time_ns, released.time_ns)


def test_a_slow_gyro_warns(log, caplog):
    gyro.read(log(samples(TIME_US * 4)), Camera())
    assert "50 samples a second; below 100" in caplog.text


def test_a_gap_warns(log, caplog):
    late = np.where(np.arange(COUNT) < 60, TIME_US, TIME_US + 150_000)
    gyro.read(log(samples(late)), Camera())
    assert "1 gaps, the longest 155 ms at 1.295 s" in caplog.text


def test_a_good_log_says_nothing(log, caplog):
    caplog.set_level(logging.INFO)
    gyro.read(log(samples()), Camera())
    assert caplog.text == ""


@given(st.text("0123456789.-e ,;#\nt_swxyzqnaif", max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "any_gyro.txt"
    file.write_text(text)
    try:
        path = gyro.read(file, Camera())
    except InputError:
        return
    assert (np.diff(path.time_ns) > 0).all()
    assert np.isfinite(path.quaternion).all()
