"""`dvs-jax calibrate`."""

import shutil

import pytest

from dvs_jax import synthetic
from dvs_jax.sensors import camera_file

from .run import assert_refused


@pytest.fixture
def handheld(tmp_path):
    described = synthetic.SyntheticClip(size=(320, 180), duration_s=3.0, ois=False, seed=5)
    synthetic.synthesize(described, tmp_path / "clip")
    return tmp_path / "clip"


@pytest.mark.slow
def test_it_writes_what_it_found_once(dvs, handheld, tmp_path):
    run = dvs("calibrate", handheld, "--plot", tmp_path / "turns.png")
    assert run.code == 0
    assert "gyro axes: y, x, z" in run.out
    assert camera_file.read(handheld / "camera.toml").gyro_axes == ("y", "x", "z")
    assert (tmp_path / "turns.png").stat().st_size > 10_000
    again = dvs("calibrate", handheld)
    assert again.code == 2
    assert "camera.toml: exists already; --force replaces it" in again.err
    assert dvs("calibrate", handheld, "--force").code == 0


def test_what_is_unsure_is_not_written(dvs, handheld, tmp_path):
    other = tmp_path / "other"
    described = synthetic.SyntheticClip(size=(320, 180), duration_s=3.0, ois=False, seed=6)
    synthetic.synthesize(described, other)
    for log in handheld.glob("*_gyro.txt"):
        shutil.copyfile(next(other.glob("*_gyro.txt")), log)
    run = dvs("calibrate", handheld)
    assert run.code == 2
    assert "gyro and pictures agree by 0." in run.err
    assert "film some 5 s of far things" in run.err
    assert not (handheld / "camera.toml").exists()


def test_a_clip_without_a_gyro_is_refused(dvs, handheld):
    for log in handheld.glob("*_gyro.txt"):
        log.unlink()
    assert_refused(dvs("calibrate", handheld), "no gyro log")
