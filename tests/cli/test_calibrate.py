"""`dvs-jax calibrate`."""

import shutil

import numpy as np
import pytest

from dvs_jax import synthetic
from dvs_jax.sensors import camera_file

from .run import QUICK, assert_refused


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


@pytest.mark.slow
def test_pictures_of_a_longer_recording_have_their_own_times(dvs, handheld):
    """Ten lines stand before theirs in the frame log: without them the clock is 1/3 s off."""
    (frames,) = handheld.glob("*_frame.txt")
    own = frames.read_text().splitlines()
    first_ns, *rest = own[0].split()
    step_ns = int(own[1].split()[0]) - int(first_ns)
    before = [" ".join([str(int(first_ns) - n * step_ns), *rest]) for n in range(10, 0, -1)]
    frames.write_text("\n".join([*before, *own]) + "\n")
    run = dvs("calibrate", handheld, "--start-number", "11")
    assert run.code == 0, run.err
    assert abs(camera_file.read(handheld / "camera.toml").clock_offset_s) < 2e-3


@pytest.mark.slow
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


@pytest.mark.slow
def test_stabilize_finds_the_mounting_where_nobody_described_it(dvs, handheld, tmp_path):
    """A log about other axes, 45 ms late: by the usual mounting the gyro would explain nothing."""
    (log,) = handheld.glob("*_gyro.txt")
    (frames,) = handheld.glob("*_frame.txt")
    values, start_s = np.loadtxt(log), np.loadtxt(frames)[0, 0] * 1e-9
    time_s = values[:, 0] * 1e-6 - start_s + 0.045
    moved = np.stack([time_s, -values[:, 3], values[:, 1], -values[:, 2]], axis=1)
    named = handheld / f"{log.stem}.csv"
    np.savetxt(named, moved, "%.9f", delimiter=",", header="t_s,wx,wy,wz", comments="")
    log.unlink()
    frames.unlink()
    options = ("--model", "gyro_only", "--refine", "none", *QUICK)
    run = dvs("stabilize", handheld, "-o", tmp_path / "out", *options)
    assert run.code == 0, run.err
    assert "some seconds of it tell the gyro's axes -z, y, -x, an offset of -4" in run.err
    assert not (handheld / "camera.toml").exists()
