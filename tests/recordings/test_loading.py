"""From a recording to a clip's sensors: clocks, stabilised pictures, what is said of it."""

import logging
from datetime import UTC, datetime

import av
import numpy as np
import pytest

from dvs_jax import camera_path, clip, quaternion
from dvs_jax import recordings as taken
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError

from .gopro_files import number, text, write
from .test_gopro import packets, velocity

EIS = [text("MINF", "HERO8 Black"), text("EISE", "Y"), text("EISA", "High")]


def turn_rate(log, at_s):
    """The pose's angular velocity, rad/s, at some time of the video."""
    time_ns = np.array([round(at_s * 1e9), round(at_s * 1e9) + 1_000_000])
    first, second = camera_path.pose_at(log.gyro, time_ns, outside="hold")
    return (
        quaternion.to_rotation_vector(quaternion.multiply(second, quaternion.conjugate(first)))
        / 1e-3
    )


def test_a_video_with_telemetry_is_a_clip_with_sensors(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    lens = [number("ZFOV", "f", 100.0), number("SROT", "f", 12.5)]
    write(tmp_path / "GX010042.MP4", packets([200, 200]), lens)
    found = load_clip(tmp_path / "GX010042.MP4").sensors
    assert found.camera.readout_time_s == pytest.approx(0.0125)
    np.testing.assert_allclose(turn_rate(found, 0.5), velocity(101)[-1][[1, 0, 2]], atol=0.02)
    assert found.accelerometer is not None
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "gyro at 200 Hz, axes y, x, z, readout 12.5 ms, fov 1.40" in said[0]


def test_a_description_beside_the_video_goes_first(tmp_path):
    video = write(tmp_path / "a.mp4", packets([200, 200]), [number("SROT", "f", 12.5)])
    (tmp_path / "a.toml").write_text('[gyro]\naxes = ["x", "-y", "z"]\n')
    camera = load_clip(video).sensors.camera
    assert camera.gyro_axes == ("x", "-y", "z")
    assert camera.readout_time_s == pytest.approx(0.0125)


def test_what_the_telemetry_does_not_tell_is_assumed_with_a_warning(tmp_path, caplog):
    load_clip(write(tmp_path / "a.mp4", packets([200, 200]), [number("SROT", "f", 12.5)]))
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "no camera.toml; assuming a fov of 1.27 (picture width / focal length); " in warning
    assert "cameras.md tells how" in warning


def test_a_stabilised_picture_is_not_the_gyros(tmp_path, caplog):
    video = write(tmp_path / "a.mp4", packets([200, 200]), EIS)
    loaded = load_clip(video)
    assert loaded.sensors is None and not caplog.records
    assert loaded.withheld.startswith("HERO8 Black has stabilised the picture itself (High)")
    with pytest.raises(InputError, match="HERO8 Black has stabilised the picture itself"):
        clip.recorded(loaded)
    assert load_clip(video, even_stabilized=True).sensors is not None
    assert load_clip(video, recording=video).sensors is not None
    assert load_clip(video, read_sensors=False).sensors is None


@pytest.mark.parametrize("offset_ms", [None, -1_699_999_999_500])
def test_a_clock_of_its_own_is_set_to_the_videos(tmp_path, caplog, offset_ms):
    """Sensor Logger counts from 1970; its first sample is taken for the first frame's."""
    video = write(tmp_path / "walk.mp4", [b"nothing"])
    start = 1_700_000_000_000_000_000
    lines = [
        f"{start + 5_000_000 * i},{i / 200},{z:.5f},{y:.5f},{x:.5f}"
        for i, (x, y, z) in enumerate(velocity(400))
    ]
    (tmp_path / "Gyroscope.csv").write_text("\n".join(["time,seconds_elapsed,z,y,x", *lines]))
    if offset_ms is not None:
        (tmp_path / "camera.toml").write_text(f"[gyro]\nclock_offset_ms = {offset_ms}\n")
    found = load_clip(video).sensors
    assert found.gyro.time_ns[0] == (0 if offset_ms is None else 500_000_000)
    assert ("its first sample is taken for the first frame's" in caplog.text) == (not offset_ms)


@pytest.mark.parametrize("noted", ["begin", "end", "elsewhere"])
def test_when_the_video_was_made_tells_which_part_of_a_log_is_meant(tmp_path, caplog, noted):
    """A log of 60 s since 1970, and a video of 1 s that was made 20 s later."""
    start_s, video = 1_700_000_000, tmp_path / "walk.mp4"
    made = {"begin": 20, "end": 21, "elsewhere": -3600}[noted]
    with av.open(video, "w") as out:
        made_at = datetime.fromtimestamp(start_s + made, UTC)
        out.metadata["creation_time"] = made_at.isoformat().replace("+00:00", "Z")
        stream = out.add_stream("libx264", rate=30, width=64, height=48)
        for _ in range(31):
            out.mux(stream.encode(av.VideoFrame(64, 48)))
        out.mux(stream.encode(None))
    lines = [
        f"{start_s + i // 200}{5_000_000 * (i % 200):09},{z},{y},{x}"
        for i, (x, y, z) in enumerate(velocity(200 * (21 if noted == "end" else 60)))
    ]
    (tmp_path / "Gyroscope.csv").write_text(
        "\n".join(["timestamp_ns,gyro_z,gyro_y,gyro_x", *lines])
    )
    found = load_clip(video).sensors
    begins_s = {"begin": -20.0, "end": -20.0, "elsewhere": 0.0}[noted]
    assert found.gyro.time_ns[0] == pytest.approx(begins_s * 1e9, abs=1000)
    assert "clock_offset_s" not in found.told
    assert ("creation time tells the first frame's" in caplog.text) == (noted != "elsewhere")
    assert ("first sample is taken for the first frame's" in caplog.text) == (noted == "elsewhere")


def test_times_of_frames_by_open_camera(tmp_path):
    """One clock for both: nothing has to be set."""
    video = write(tmp_path / "VID_1.mp4", [b"nothing"])
    start = 9_000_000_000_000
    lines = [f"{x},{y},{z},{start + 5_000_000 * i}" for i, (x, y, z) in enumerate(velocity(500))]
    (tmp_path / "VID_1gyro.csv").write_text("\n".join(lines))
    frames = [str(start + 100_000_000 + 33_333_333 * i) for i in range(60)]
    (tmp_path / "VID_1_timestamps.csv").write_text("\n".join(frames))
    found = load_clip(video).sensors
    assert found.frames.time_ns[0] == start + 100_000_000
    assert found.gyro.time_ns[0] == start


def test_a_gyro_that_is_needed_and_missing(tmp_path, monkeypatch):
    video = write(tmp_path / "a.mp4", [b"some data"] * 3)
    monkeypatch.setattr("dvs_jax.recordings.telemetry.is_installed", lambda: False)
    message = str(taken.no_gyro(video))
    assert "no gyro log for a.mp4" in message
    assert "pip install 'dvs-jax[telemetry]'" in message
    assert "Python 3.11 and 3.12" in message
