"""A video's sensors from a folder: golden numbers, missing logs, logs that do not fit."""

import shutil

import numpy as np
import pytest

from dvs_jax import camera, camera_path, quaternion, sensors
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError, document
from dvs_jax.sensors.integration import with_pre_roll

THIRTY_FPS = np.arange(30) * 33_333_333
"""Presentation times of a one-second video."""


@pytest.fixture
def clip(tmp_path):
    """A folder with a gyro log from 0 s to 2 s at 200 Hz; returns a function that adds files."""

    def write(**files):
        for name, content in files.items():
            (tmp_path / f"{name}.{'toml' if name == 'camera' else 'csv'}").write_text(content)
        return tmp_path / "clip.mp4"

    write(gyro=gyro_csv(0.0, 2.0))
    return write


def gyro_csv(start_s, end_s):
    times = np.arange(start_s, end_s, 0.005)
    return "t_s,wx,wy,wz\n" + "".join(f"{t:.6f},0.1,0.2,0.3\n" for t in times)


def frame_csv(start_s, count):
    return "t_s\n" + "".join(f"{start_s + i / 30:.6f}\n" for i in range(count))


@pytest.fixture
def golden_log(golden, tmp_path):
    for file in (golden / "dvs" / "clip").iterdir():
        shutil.copy(file, tmp_path)
    return sensors.load(tmp_path / "clip.mp4", np.arange(40) * 33_333_333)


@pytest.fixture
def geometry(golden):
    return np.load(golden / "dvs" / "geometry.npz")


def test_golden_poses(golden_log, geometry):
    for gyro, recorded in (
        (golden_log.gyro, "gyro_integrated"),
        (with_pre_roll(golden_log.gyro), "gyro_extended"),
    ):
        np.testing.assert_array_equal(gyro.time_ns, geometry[recorded][:, 0])
        np.testing.assert_allclose(gyro.quaternion, geometry[recorded][:, 1:], atol=1e-9)


def test_golden_frames(golden_log, geometry):
    frames, expected = golden_log.frames, geometry["frame"]
    # The official program keeps the half nanosecond of an odd exposure.
    np.testing.assert_allclose(frames.time_ns, expected[:, 0], rtol=0, atol=0.5)
    np.testing.assert_array_equal(frames.readout_ns, expected[:, 3])
    np.testing.assert_allclose(frames.ois_time_ns, expected[:, 4], rtol=0, atol=0.5)


def test_golden_queries(golden_log, geometry):
    query = np.rint(geometry["query_ns"]).astype(np.int64)
    pose = camera_path.pose_at(with_pre_roll(golden_log.gyro), query, outside="identity")
    # The official program divides by the norm plus 1e-6.
    assert quaternion.angle_between(pose, geometry["gyro_at"]).max() < 2e-6
    offset = sensors.ois_at(golden_log.ois, query) * [4032, 2272]
    np.testing.assert_allclose(offset, geometry["ois_at"], atol=1e-6)


def test_golden_projections(golden_log, geometry):
    pose, ois = sensors.row_poses(golden_log)
    found = camera.projection(golden_log.camera, (1920, 1080), pose, ois)
    expected = geometry["projections_rs"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


def test_the_rolling_shutter_sees_the_pose_of_each_row(clip):
    video = clip(camera="readout_time_ms = 22\n[gyro]\naxes = ['x', 'y', 'z']\n")
    log = sensors.load(video, THIRTY_FPS)
    pose, ois = sensors.row_poses(log)
    elapsed = THIRTY_FPS[:, None] / 1e9 + 0.022 * np.arange(12) / 11
    expected = quaternion.from_rotation_vector(elapsed[..., None] * [0.1, 0.2, 0.3])
    assert quaternion.angle_between(pose, expected).max() < 1e-7
    np.testing.assert_array_equal(ois, np.zeros((30, 12, 2)))


def test_without_frame_log_and_description_the_assumptions_are_told(clip, caplog):
    log = sensors.load(clip(), THIRTY_FPS + 5)
    np.testing.assert_array_equal(log.frames.time_ns, THIRTY_FPS)
    assert log.camera == Camera()
    assert log.ois is None
    assert "no frame log; the video's own timestamps stand in" in caplog.text
    assert "no camera.toml; assuming a fov of 1.27 (picture width / focal length), " in caplog.text
    assert "gyro axes y, x, z and a readout time of 30 ms; " in caplog.text
    assert f"{document('cameras.md')} tells how" in caplog.text
    assert "no OIS log; shifts of the lens" in caplog.text
    assert len(caplog.records) == 2


LINE = "0 0.1 0.2 0.3\n5000 0.1 0.2 0.3\n2000000 0.1 0.2 0.3\n"


@pytest.mark.parametrize(
    ("name", "content", "level"),
    [
        ("gyro.txt", LINE, "INFO"),
        ("gyro.csv", LINE, "WARNING"),
        ("gyro.txt", "t_us wx wy wz\n" + LINE, "WARNING"),
        ("gyro.txt", "0 0 0 0 1\n2000000000 0 0 0 1\n", "WARNING"),
    ],
)
def test_a_camera_that_is_assumed_is_told_even_beside_a_frame_log(
    clip, caplog, name, content, level
):
    video = clip(frame=frame_csv(0.5, 30))
    (video.parent / "gyro.csv").unlink()
    (video.parent / name).write_text(content)
    caplog.set_level("INFO")
    sensors.load(video, THIRTY_FPS)
    (said,) = [record for record in caplog.records if "camera.toml" in record.getMessage()]
    assert said.levelname == level
    assert "gyro axes y, x, z and, where the frame log tells none, a readout time of 30 ms" in (
        said.getMessage()
    )


def test_a_complete_clip_says_nothing(clip, caplog):
    video = clip(frame=frame_csv(0.5, 30), ois="t_s,x,y\n0,1,2\n2,1,2\n", camera="fov = 1.27")
    caplog.set_level("INFO")
    log = sensors.load(video, THIRTY_FPS)
    np.testing.assert_allclose(log.ois.offset[0], [1 / 4032, 2 / 2272])
    assert caplog.text == ""


def test_the_clock_offset_moves_gyro_and_ois_to_the_video_s_clock(clip):
    video = clip(
        gyro=gyro_csv(100.0, 102.0),
        ois="t_s,x,y\n100,1,2\n102,1,2\n",
        camera="[gyro]\nclock_offset_ms = -99500\n",
    )
    log = sensors.load(video, THIRTY_FPS)
    assert log.gyro.time_ns[0] == log.ois.time_ns[0] == 500_000_000
    assert log.frames.time_ns[0] == log.frames.ois_time_ns[0] == 0


@pytest.mark.parametrize(("in_log", "in_video"), [(28, 30), (30, 28)])
def test_the_shorter_of_video_and_frame_log_counts(clip, caplog, in_log, in_video):
    log = sensors.load(clip(frame=frame_csv(0.5, in_log)), THIRTY_FPS[:in_video])
    assert len(log.frames) == len(log.frames.readout_ns) == len(log.frames.ois_time_ns) == 28
    assert f"{in_log} frames in the log, {in_video} in the video" in caplog.text


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"camera": "readout_time_ms = 300"}, "camera.toml: a readout of 300.0 ms is longer than"),
        (
            {"frame": "t_s,readout_ms\n0,35\n0.0333,35\n0.0666,35\n"},
            "frame.csv: a readout of 35.0 ms is longer than the 33.3 ms from frame to frame",
        ),
        ({"camera": "readout_time_ms = 33.334"}, None),
        # A dropped frame or two do not tell of the interval.
        ({"frame": "t_s,readout_ms\n0,33\n0.0333,33\n0.0667,33\n0.2,33\n"}, None),
    ],
)
def test_a_readout_beyond_the_frame_interval_is_told(clip, caplog, files, told):
    sensors.load(clip(**files), THIRTY_FPS)
    said = [each.getMessage() for each in caplog.records if "a readout of" in each.getMessage()]
    assert [told in message for message in said] == ([True] if told else [])


def test_a_log_that_ends_early_holds_its_last_pose(clip, caplog):
    log = sensors.load(clip(gyro=gyro_csv(0.0, 0.5)), THIRTY_FPS)
    assert "the log ends before 16 of 30 frames do" in caplog.text
    pose, _ = sensors.row_poses(log)
    np.testing.assert_allclose(pose[-1], np.tile(log.gyro.quaternion[-1], (12, 1)), atol=1e-12)


def test_a_log_that_starts_late_is_told(clip, caplog):
    log = sensors.load(clip(gyro=gyro_csv(0.52, 2.0)), THIRTY_FPS)
    assert "the log starts after 16 of 30 frames; the camera counts as still until" in caplog.text
    pose, _ = sensors.row_poses(log)
    np.testing.assert_array_equal(pose[:15], np.broadcast_to(pose[0, 0], (15, 12, 4)))
    assert quaternion.angle_between(pose[16], pose[0, 0]).min() > 0.003


@pytest.mark.parametrize(
    ("span", "told"),
    [
        ((0.49, 2), ["starts after 15 of 30 frames; the lens counts as still until then"]),
        ((0, 0.5), ["ends before 15 of 30 frames do; the lens counts as still there"]),
        ((0.19, 0.7), ["starts after 6 of", "ends before 9 of"]),
        ((0, 2), []),
    ],
)
def test_an_ois_log_that_does_not_cover_the_frames_is_told(clip, caplog, span, told):
    rows = "".join(f"{t:.4f},1,2\n" for t in np.linspace(*span, 200))
    sensors.load(clip(ois="t_s,x,y\n" + rows), THIRTY_FPS)
    said = [each.getMessage() for each in caplog.records if "ois.csv" in each.getMessage()]
    assert len(said) == len(told)
    assert all(part in message for part, message in zip(told, said, strict=True))


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (
            {"gyro": gyro_csv(40.0, 42.0)},
            r"gyro.csv: the log lasts from 40\.000 s to 41\.995 s, the frames from 0\.000 s to "
            r"0\.967 s; they do not overlap: check the units .* clock_offset_ms",
        ),
        ({"ois": "t_s,x,y\n5,1,2\n6,1,2\n"}, r"ois.csv: the log lasts from 5\.000 s"),
        ({"gyro": ""}, r"gyro.csv: the log is empty"),
        ({"frame": "t_s\n0\nzero\n"}, r"frame.csv, line 3: 'zero' is not a number"),
        ({"camera": "fov = 0"}, r"camera.toml: fov = 0"),
        ({"my_gyro": gyro_csv(0, 1)}, r"several gyro logs \(gyro\.csv, my_gyro\.csv\)"),
    ],
)
def test_logs_that_cannot_be_used(clip, files, complaint):
    with pytest.raises(InputError, match=complaint):
        sensors.load(clip(**files), THIRTY_FPS)


def test_without_gyro_it_is_said_how_to_make_a_log(tmp_path):
    video = tmp_path / "clip.mp4"
    assert sensors.load(video, THIRTY_FPS) is None
    with pytest.raises(InputError, match=r"no gyro log for clip\.mp4; .*clip_gyro\.csv .*t_s,wx"):
        raise sensors.no_gyro(video)
    (tmp_path / "clip_gyro.csv").write_text("t_s,wx,wy,wz\n")
    with pytest.raises(InputError, match=r"the sensors are to be left out"):
        raise sensors.no_gyro(video)


def test_a_video_without_frames_is_refused(clip):
    with pytest.raises(InputError, match="the video has no frames"):
        sensors.load(clip(), THIRTY_FPS[:0])


def test_the_clocks_drift_adds_to_the_offset_from_the_first_frame_on(clip):
    described = "[gyro]\nclock_offset_ms = 500\nclock_drift_ppm = 1000\n"
    accelerometer = "t_s,ax,ay,az\n0,0,0,9.8\n2,0,0,9.8\n"
    video = clip(camera=described, frame=frame_csv(1.0, 30), accel=accelerometer)
    log = sensors.load(video, THIRTY_FPS)
    # A sample at 1.5 s is 1 s after the first frame, so it comes 1 ms later than by the offset.
    index = int(np.argmin(np.abs(log.gyro.time_ns - 2_001_000_000)))
    assert log.gyro.time_ns[index] == 2_001_000_000
    assert log.gyro.time_ns[100] == 1_000_000_000
    assert log.accelerometer.time_ns.tolist() == [499_500_000, 2_501_500_000]
    assert {"clock_drift", "clock_offset_s"} <= log.told
