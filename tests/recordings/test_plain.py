"""Recordings written as plain clips, and loaded again."""

import numpy as np
import pytest

from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.recordings import find, read, write_plain

from .gopro_files import number, text, write
from .test_finding import GYROFLOW, PHONE
from .test_gopro import packets


@pytest.fixture
def video(tmp_path):
    tables = [text("ORIN", "XzY")]
    lens = [number("ZFOV", "f", 100.0), number("SROT", "f", 12.5)]
    return write(tmp_path / "GX010042.MP4", packets([200, 200], None, None, *tables), lens)


def test_the_plain_clip_is_the_same(video, tmp_path):
    imported = write_plain(video, tmp_path / "out")
    names = ["GX010042.MP4", "GX010042_accel.csv", "GX010042_gyro.csv", "camera.toml"]
    assert [file.name for file in imported.files] == names
    assert imported.untold == ()
    first, again = load_clip(video).sensors, load_clip(tmp_path / "out").sensors
    assert find(tmp_path / "out" / "GX010042.MP4").kind == ""
    np.testing.assert_array_equal(again.gyro.time_ns, first.gyro.time_ns)
    np.testing.assert_allclose(again.gyro.quaternion, first.gyro.quaternion, atol=1e-9)
    np.testing.assert_allclose(
        again.accelerometer.acceleration, first.accelerometer.acceleration, atol=1e-6
    )
    assert again.camera.gyro_axes == ("x", "-y", "z")
    assert again.camera.readout_time_s == pytest.approx(0.0125)
    assert again.camera.focal_length == pytest.approx(first.camera.focal_length, rel=1e-5)


def test_nothing_is_replaced(video, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "camera.toml").write_text("fov = 2\n")
    with pytest.raises(InputError, match=r"camera\.toml: exists already"):
        write_plain(video, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["camera.toml"]


def test_a_log_takes_its_video_along_and_what_a_description_says(tmp_path):
    write(tmp_path / "walk.mp4", [b"nothing"])
    (tmp_path / "walk.gcsv").write_text(GYROFLOW)
    toml = "[intrinsics]\nwidth = 64\nheight = 48\nfx = 50\nfy = 51\ncx = 31\ncy = 24\n"
    (tmp_path / "walk.toml").write_text(toml)
    imported = write_plain(tmp_path / "walk.gcsv", tmp_path / "out")
    assert (tmp_path / "out" / "walk.mp4") in imported.files
    first, again = (load_clip(folder).sensors for folder in (tmp_path, tmp_path / "out"))
    np.testing.assert_allclose(again.gyro.quaternion, first.gyro.quaternion, atol=1e-9)
    for name in ("focal_length", "principal_point", "calibrated_size", "readout_time_s"):
        assert getattr(again.camera, name) == pytest.approx(getattr(first.camera, name))
    assert again.camera.gyro_axes == first.camera.gyro_axes == ("-z", "-x", "y")


def test_a_log_without_a_video(tmp_path):
    (tmp_path / "Raw Data.csv").write_text(PHONE)
    imported = write_plain(tmp_path / "Raw Data.csv", tmp_path / "out")
    assert [file.name for file in imported.files] == ["Raw Data_gyro.csv", "camera.toml"]
    assert imported.untold == ("fov", "readout_time_ms", "gyro.axes")
    found, again = read(tmp_path / "Raw Data.csv"), read(imported.files[0])
    np.testing.assert_array_equal(again.time_ns, found.time_ns)
    np.testing.assert_allclose(again.motion, found.motion, rtol=1e-8)


def test_a_video_without_a_gyro_is_refused(tmp_path):
    video = write(tmp_path / "walk.mp4", [])
    with pytest.raises(InputError, match="no gyro is recorded inside or beside"):
        write_plain(video, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_stabilised_picture_is_told(tmp_path, caplog):
    video = write(tmp_path / "a.mp4", packets([200, 200]), [text("EISE", "Y")])
    write_plain(video, tmp_path / "out")
    assert "has stabilised the picture itself" in caplog.text
