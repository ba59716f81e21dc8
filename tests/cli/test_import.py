"""`dvs-jax import`, and recordings that `stabilize` reads without it."""

import pytest

from dvs_jax.video import probe
from tests.recordings.gopro_files import text, write
from tests.recordings.test_gopro import packets

from .run import QUICK, assert_refused

MADE_UP = (*QUICK, "--force")
"""Options for clips whose gyro has nothing to do with their pictures."""


@pytest.fixture
def gopro(tmp_path):
    return write(tmp_path / "GX010042.MP4", packets([200, 200]))


def test_a_recording_becomes_a_plain_clip(dvs, gopro, tmp_path):
    run = dvs("import", gopro, tmp_path / "walk")
    assert run.code == 0
    names = ["GX010042.MP4", "GX010042_accel.csv", "GX010042_gyro.csv", "camera.toml"]
    assert [line.rpartition("/")[2] for line in run.out.splitlines()] == names
    assert any("gyro at 200 Hz, axes y, x, z" in line for line in run.lines("note"))
    assert any("does not tell fov" in line for line in run.lines("note"))
    assert (tmp_path / "walk" / "camera.toml").read_text().startswith("[gyro]\naxes = [")
    assert_refused(dvs("import", gopro, tmp_path / "walk"), "exists already")
    assert dvs("import", tmp_path / "walk", tmp_path / "again").code == 0
    assert_refused(dvs("import", tmp_path / "no.mp4", tmp_path / "other"), "no such file")


@pytest.mark.slow
def test_a_video_with_its_gyro_inside_needs_no_import(dvs, gopro, tmp_path):
    run = dvs("stabilize", gopro, "-o", tmp_path / "out", "--smoother", "gaussian", *MADE_UP)
    assert run.code == 0
    assert probe(tmp_path / "out" / "GX010042_stab_crop.mp4").frame_count == 60
    assert any("telemetry inside the video" in line for line in run.lines("note"))


@pytest.mark.slow
def test_a_stabilised_picture_is_steadied_by_itself_unless_the_gyro_is_asked_for(dvs, tmp_path):
    video = write(tmp_path / "a.mp4", packets([200, 200]), [text("EISE", "Y")])
    run = dvs("stabilize", video, "-o", tmp_path / "out", *QUICK)
    assert run.code == 0
    (warning,) = run.lines("warning")
    assert "stabilised the picture itself" in warning
    assert "--sensors always" in warning and "the motion is read off the pictures" in warning
    assert not (tmp_path / "out" / "a.txt").exists()
    asked = ("stabilize", video, "-o", tmp_path / "out", "--smoother", "gaussian", *QUICK)
    refused = dvs(*asked)
    assert refused.code == 2
    assert "stabilised the picture itself" in refused.lines("error")[0]
    for sensors in ("always", video):
        assert dvs(*asked, "--sensors", sensors, "--force").code == 0
    assert (tmp_path / "out" / "a.txt").exists()


@pytest.mark.slow
def test_a_recording_that_is_named(dvs, tmp_path):
    video = write(tmp_path / "a.mp4", [])
    log = tmp_path / "elsewhere" / "log.gcsv"
    log.parent.mkdir()
    rows = "".join(f"{5 * i},{i % 7},{i % 5},{i % 3}\n" for i in range(420))
    log.write_text("GYROFLOW IMU LOG\norientation,XYZ\ngscale,0.01\nt,gx,gy,gz\n" + rows)
    asked = ("stabilize", video, "-o", tmp_path / "out", "--smoother", "gaussian", *QUICK)
    run = dvs(*asked, "--sensors", log, "--force")
    assert run.code == 0
    assert any("Gyroflow's log (.gcsv)" in line for line in run.lines("note"))
    assert_refused(dvs(*asked, "--sensors", tmp_path / "none.csv"), "none.csv: no such file")
    several = ("stabilize", video, log.parent, "-o", tmp_path / "out", "--sensors", log)
    assert_refused(dvs(*several), "is one clip's recording")
