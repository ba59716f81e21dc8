"""Telemetry inside a GoPro's videos: samples, their times, and what it tells of the camera."""

import numpy as np
import pytest

from dvs_jax import camera_path, quaternion
from dvs_jax.errors import InputError
from dvs_jax.lens import Lens
from dvs_jax.recordings import gopro
from dvs_jax.sensors import accelerometer, gyro

from .gopro_files import nest, number, packet, record, sensor, text, write

RATE = 200


def velocity(count, first=0):
    time = (first + np.arange(count)) / RATE
    return np.stack([np.sin(3 * time), 0.5 * np.cos(5 * time), 0.2 * np.sin(7 * time)], axis=1)


def packets(counts, stamps_us=None, picture_us=None, *others):
    """A packet for each count of samples, with the camera's own clock where it is given."""
    made, first = [], 0
    for index, count in enumerate(counts):
        stamp = [] if stamps_us is None else [number("STMP", "J", stamps_us[index])]
        shutter = record("SHUT", "f", 4, 1, bytes(4))
        stamped = [] if picture_us is None else [number("STMP", "J", picture_us)]
        streams = [sensor("GYRO", velocity(count, first), *stamp, *others)]
        streams += [sensor("ACCL", np.tile([1.0, 2.0, 9.5], (count, 1)), *stamp, *others)]
        if picture_us is not None:
            streams.append(nest("STRM", *stamped, shutter))
        made.append(packet(*streams))
        first += count
    return made


def test_samples_are_spread_over_their_packets(tmp_path):
    video = write(tmp_path / "GX010042.MP4", packets([200, 198, 202]), frames=90)
    found = gopro.read(video)
    np.testing.assert_allclose(found.motion, velocity(600), atol=0.0006)
    wanted = [index / 200 for index in range(200)]
    wanted += [1 + index / 198 for index in range(198)]
    np.testing.assert_allclose(found.time_ns[:398], np.array(wanted) * 1e9, atol=1)
    assert found.follows_video and found.stabilized_by == ""
    assert found.camera.gyro_axes == ("y", "x", "z")


def test_a_short_last_packet_goes_on_at_the_others_pace(tmp_path):
    """Its duration says a second, as in the Hero5's files; its 28 samples last 0.14 s."""
    found = gopro.read(write(tmp_path / "a.mp4", packets([200, 200, 28])))
    np.testing.assert_allclose(np.diff(found.time_ns), 5e6, atol=1)
    assert found.time_ns[-1] == pytest.approx(2.135e9, abs=2)


def test_a_single_packet_lasts_as_long_as_the_video(tmp_path):
    found = gopro.read(write(tmp_path / "a.mp4", packets([100]), frames=15))
    np.testing.assert_allclose(np.diff(found.time_ns), 5e6, atol=1e5)


def test_a_lost_packet_is_a_gap(tmp_path):
    made = packets([200, 200, 200])
    made[1] = packet()
    found = gopro.read(write(tmp_path / "a.mp4", [*made, *packets([200])], frames=120))
    assert np.diff(found.time_ns).max() == pytest.approx(1.005e9, rel=0.01)
    assert np.median(np.diff(found.time_ns)) == pytest.approx(5e6, rel=0.01)


def test_the_cameras_own_clock_goes_first(tmp_path):
    """The gyro's stream begins 5 ms before the first picture, and its clock runs 1 % slow."""
    made = packets([200, 200, 50], [80_000, 1_090_000, 2_100_000], 85_000)
    found = gopro.read(write(tmp_path / "a.mp4", made))
    np.testing.assert_allclose(found.time_ns, -5e6 + 5.05e6 * np.arange(450), atol=2)
    np.testing.assert_array_equal(found.accelerometer.time_ns, found.time_ns)


def test_a_clock_that_steps_back_is_not_followed(tmp_path):
    made = packets([200, 200], [80_000, 70_000], 85_000)
    found = gopro.read(write(tmp_path / "a.mp4", made))
    np.testing.assert_allclose(found.time_ns, 5e6 * np.arange(400), atol=2)


MATRIX = np.array([0, -1, 0, 1, 0, 0, 0, 0, 1], ">f4").tobytes()


@pytest.mark.parametrize(
    ("tables", "axes"),
    [
        ([text("ORIN", "XzY"), text("ORIO", "ZXY")], ("x", "-y", "z")),
        ([record("MTRX", "f", 36, 1, MATRIX), text("ORIO", "ZXY")], ("x", "-y", "z")),
        ([text("ORIN", "ZXY"), text("ORIO", "ZXY")], ("y", "x", "z")),
        ([text("ORIN", "YxZ"), text("ORIO", "ZXY")], ("-y", "z", "x")),
        ([text("ORIN", "XXY")], ("y", "x", "z")),
        ([record("MTRX", "f", 36, 1, bytes(36)), text("ORIO", "ZXY")], ("y", "x", "z")),
    ],
)
def test_the_mounting_is_told(tmp_path, tables, axes):
    found = gopro.read(write(tmp_path / "a.mp4", packets([200, 200], None, None, *tables)))
    assert found.camera.gyro_axes == axes


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ([], ""),
        ([text("EISE", "Y"), text("EISA", "HS HLevel")], "HS HLevel"),
        ([text("EISE", "Y")], "stabilisation"),
        ([text("EISE", "N"), text("EISA", "N/A")], ""),
        ([text("EISE", "N"), text("EISA", "High")], ""),
        ([text("EISA", "Y")], "Y"),
        ([text("EISA", "N")], ""),
    ],
)
def test_the_cameras_own_stabilisation_is_told(tmp_path, settings, wanted):
    video = write(tmp_path / "a.mp4", packets([200, 200]), [text("MINF", "HERO8 Black"), *settings])
    found = gopro.read(video)
    assert (found.stabilized_by, found.model) == (wanted, "HERO8 Black")


@pytest.mark.parametrize(
    ("field_of_view", "wanted"), [("W", 0.71620), ("S", 0.71620), ("L", 0.52444)]
)
def test_readout_and_angle_of_view_are_told(tmp_path, field_of_view, wanted):
    """100° across the diagonal of a 64 × 48 picture, which is 1.25 of its width."""
    lens = [number("ZFOV", "f", 100.0), text("VFOV", field_of_view), number("SROT", "f", 12.5)]
    camera = gopro.read(write(tmp_path / "a.mp4", packets([200, 200]), lens)).camera
    assert camera.focal_length == pytest.approx((wanted, wanted), abs=1e-5)
    equidistant = Lens("fisheye", (0.0, 0.0, 0.0, 0.0))
    assert camera.lens == (None if field_of_view in ("L", "S") else equidistant)
    assert camera.readout_time_s == pytest.approx(0.0125)


def test_old_models_are_known_by_name(tmp_path):
    video = write(tmp_path / "a.mp4", packets([200, 200]), [text("MINF", "HERO6 Black")])
    assert gopro.read(video).camera.gyro_axes == ("-y", "z", "x")


def test_other_files_have_no_telemetry(tmp_path):
    (tmp_path / "text.txt").write_text("t,wx\n")
    assert gopro.read(tmp_path / "text.txt") is None
    assert gopro.read(write(tmp_path / "a.mp4", [b"some other camera's data"] * 3)) is None
    assert gopro.read(write(tmp_path / "b.mp4", [packet()] * 3)) is None


def test_impossible_values_are_refused(tmp_path):
    stream = sensor("GYRO", velocity(200)).replace(
        number("SCAL", "s", 1000), number("SCAL", "s", 1)
    )
    with pytest.raises(InputError, match="turns faster than any gyro"):
        gopro.read(write(tmp_path / "a.mp4", [packet(stream)] * 2))


# Real recordings.


def test_the_drones_gyro_is_that_of_its_table(recordings):
    """Times too, but in the last packet, which the table ends where the video does."""
    found = gopro.read(recordings / "gopro" / "karma.mp4")
    table = np.loadtxt(recordings / "gopro" / "karma_gyro.csv", delimiter=",", skiprows=1)
    assert (len(found.time_ns), found.model) == (4795, "HERO5 Black")
    assert found.stabilized_by == ""
    np.testing.assert_allclose(found.motion, table[:, 1:], atol=5e-7)
    late_s = found.time_ns * 1e-9 - table[:, 0]
    assert np.abs(late_s[:-28]).max() < 1e-6 and np.abs(late_s).max() < 0.0035
    assert found.camera.gyro_axes == ("y", "x", "z")
    up = accelerometer.in_camera(found.accelerometer, found.camera).acceleration.mean(axis=0)
    np.testing.assert_allclose(up / np.linalg.norm(up), [0.0, -1.0, 0.0], atol=0.03)


def test_the_walking_cameras_gyro_fits_its_own_orientations(recordings):
    """To 2 ms in the short last packet too; the table's times are up to 22 ms off there."""
    found = gopro.read(recordings / "gopro" / "max-heromode.mp4")
    assert found.stabilized_by == "HS HLevel" and found.model == "GoPro Max"
    assert found.camera.gyro_axes == ("x", "-y", "z")
    assert found.camera.readout_time_s == pytest.approx(0.0206, abs=1e-4)
    assert found.camera.focal_length[0] == pytest.approx(1 / 2.2, rel=0.06)
    file = recordings / "gopro" / "max-heromode_orientation.csv"
    rows = np.loadtxt(file, delimiter=",", skiprows=1)
    frame_ns = np.rint(np.arange(len(rows)) * 1001 / 30000 * 1e9).astype(np.int64)
    # The camera tells the pose of the middle row, half the readout after the first.
    middle_ns = frame_ns + 10_300_000
    pose = camera_path.pose_at(gyro.poses(found, found.camera), middle_ns, outside="hold")
    error, size = turns(pose) - turns(rows[:, [2, 3, 4, 1]]), turns(rows[:, [2, 3, 4, 1]])
    for part in (slice(0, 300), slice(300, None)):
        assert np.linalg.norm(error[part]) < 0.02 * np.linalg.norm(size[part])


def turns(pose):
    step = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    return quaternion.to_rotation_vector(step)
