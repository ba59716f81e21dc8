"""Mounting, clock, readout and focal length found from a clip and its gyro."""

import dataclasses
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from dvs_jax import clip as clips
from dvs_jax import synthetic
from dvs_jax.calibration import Known, calibrate, with_camera_found, with_drift
from dvs_jax.calibration.felt import felt_by, mounting_matrix
from dvs_jax.calibration.search import mountings
from dvs_jax.calibration.seen import moved_by_turn
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError
from dvs_jax.quaternion import from_rotation_vector, to_matrix
from dvs_jax.sensors import FrameLog, gyro
from dvs_jax.sensors.recording import Recording
from tests.test_clip import write_anamorphic

OFFSET_S = 0.04
AXES = ("-z", "-y", "x")


@pytest.fixture(scope="module")
def handheld(tmp_path_factory) -> Path:
    """Four seconds by hand, of a camera whose clock, mounting and view are not the default's."""
    folder = tmp_path_factory.mktemp("handheld")
    described = synthetic.SyntheticClip(
        size=(480, 270), motion="handheld", duration_s=4.0, ois=False, seed=5
    )
    synthetic.synthesize(described, folder)
    return folder


def told_wrongly(clip: Clip) -> Clip:
    """Write the log anew about other axes and 40 ms early, and assume the default camera of it."""
    sensors = clip.sensors
    early = dataclasses.replace(sensors.camera, clock_offset_s=OFFSET_S)
    felt = felt_by(sensors.gyro, early)
    step_s = np.diff(felt.time_s)
    rate = np.diff(felt.angle, axis=0) @ mounting_matrix(sensors.camera.gyro_axes).T
    rate = rate @ mounting_matrix(AXES) / step_s[:, None]
    time_ns = np.rint(felt.time_s[1:] * 1e9).astype(np.int64)
    recording = Recording(Path("log"), "", time_ns, rate)
    camera = Camera(readout_time_s=0.02)
    return dataclasses.replace(
        clip,
        sensors=dataclasses.replace(sensors, camera=camera, gyro=gyro.poses(recording, camera)),
    )


def test_a_gyro_can_be_mounted_in_24_ways():
    assert len(set(mountings())) == 24
    assert Camera().gyro_axes in mountings()
    for axes in mountings():
        np.testing.assert_array_equal(
            mounting_matrix(axes) @ np.array([1.0, 2.0, 3.0]),
            gyro.reorder(np.array([[1.0, 2.0, 3.0]]), axes)[0],
        )


def test_corners_move_as_a_small_turn_moves_them():
    turn, focal = np.array([2e-5, -3e-5, 4e-5]), 0.8
    ray = np.array([[0.3, -0.2], [-0.4, 0.1], [0.0, 0.0]])
    turned = np.concatenate([ray / focal, np.ones((3, 1))], axis=1)
    turned = turned @ np.asarray(to_matrix(from_rotation_vector(turn))).T
    exact = focal * turned[:, :2] / turned[:, 2:] - ray
    np.testing.assert_allclose(moved_by_turn(ray, turn, focal), exact, atol=3e-9)


@pytest.mark.slow
def test_mounting_clock_and_readout_are_found_from_a_wrong_start(handheld):
    clip = load_clip(handheld)
    truth = clip.sensors.camera
    found = calibrate(told_wrongly(clip))
    assert found.doubt == ""
    assert found.camera.gyro_axes == AXES
    assert found.camera.clock_offset_s == pytest.approx(OFFSET_S, abs=0.002)
    assert found.camera.readout_time_s == pytest.approx(truth.readout_time_s, abs=0.003)
    assert found.focal_found
    assert found.camera.focal_length[0] == pytest.approx(truth.focal_length[0], rel=0.02)
    left = [np.nanstd(found.seen - each) for each in (found.before, found.after)]
    assert left[1] < 0.2 * left[0]


@pytest.mark.slow
def test_a_gyro_of_another_clip_is_refused(handheld):
    clip = load_clip(handheld)
    path = clip.sensors.gyro
    backwards = dataclasses.replace(path, quaternion=path.quaternion[::-1])
    found = calibrate(
        dataclasses.replace(clip, sensors=dataclasses.replace(clip.sensors, gyro=backwards))
    )
    assert "agree" in found.doubt


@pytest.fixture
def by_an_app(handheld, tmp_path) -> Path:
    """That clip with a log of which no frame log tells that it is `OFFSET_S` early."""
    (log,) = handheld.glob("*_gyro.txt")
    values, first_ns = np.loadtxt(log), load_clip(handheld).sensors.frames.time_ns[0]
    values[:, 0] = values[:, 0] * 1e-6 - first_ns * 1e-9 - OFFSET_S
    header = "t_s,wx,wy,wz"
    np.savetxt(tmp_path / "gyro.csv", values, "%.9f", delimiter=",", header=header, comments="")
    shutil.copy(handheld / "handheld.mp4", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_clock_that_nobody_told_is_found(by_an_app, caplog):
    caplog.set_level("INFO")
    (by_an_app / "camera.toml").write_text('[gyro]\naxes = ["y", "x", "z"]\n')
    clip = load_clip(by_an_app)
    found = with_camera_found(clip)
    moved_ns = found.sensors.gyro.time_ns - clip.sensors.gyro.time_ns
    np.testing.assert_allclose(moved_ns * 1e-9, OFFSET_S, atol=0.002)
    assert found.sensors.camera.gyro_axes == clip.sensors.camera.gyro_axes
    assert found.sensors.camera.readout_time_s == clip.sensors.camera.readout_time_s
    assert sum("the gyro's clock is" in record.message for record in caplog.records) == 1
    # What is right, or told, is left alone.
    (by_an_app / "camera.toml").write_text(f"[gyro]\nclock_offset_ms = {OFFSET_S * 1e3}\n")
    told = dataclasses.replace(clip.sensors, told=clip.sensors.told | {"clock_offset_s"})
    assert with_camera_found(told := dataclasses.replace(clip, sensors=told)) is told
    right = dataclasses.replace(load_clip(by_an_app).sensors, told=frozenset({"gyro_axes"}))
    assert with_camera_found(right := dataclasses.replace(clip, sensors=right)) is right


@pytest.mark.slow
def test_a_video_cut_out_of_a_long_recording_is_found_in_its_log(by_an_app):
    """The log begins 40 s before and ends 20 s after."""
    (log,) = by_an_app.glob("*.csv")
    values = np.loadtxt(log, delimiter=",", skiprows=1)
    step_s = np.median(np.diff(values[:, 0]))
    noise = np.random.default_rng(0).normal(size=(round(60.0 / step_s), 3))
    rate = gaussian_filter1d(noise, 0.05 / step_s, axis=0)
    rate *= values[:, 1:].std(axis=0) / rate.std(axis=0)
    before, after = np.split(rate, [round(40.0 / step_s)])
    velocity = np.concatenate([before, values[:, 1:], after])
    time_s = values[0, 0] + step_s * (np.arange(len(velocity)) - len(before)) + 40.0
    header = "t_s,wx,wy,wz"
    rows = np.column_stack([time_s, velocity])
    np.savetxt(log, rows, "%.9f", delimiter=",", header=header, comments="")
    (by_an_app / "camera.toml").write_text('[gyro]\naxes = ["y", "x", "z"]\n')
    clip = load_clip(by_an_app)
    moved_ns = with_camera_found(clip).sensors.gyro.time_ns - clip.sensors.gyro.time_ns
    np.testing.assert_allclose(moved_ns * 1e-9, OFFSET_S - 40.0, atol=0.002)
    # Without the mounting too, and as `dvs-jax calibrate` does.
    found = calibrate(clip)
    assert (found.doubt, found.camera.gyro_axes) == ("", ("y", "x", "z"))
    assert found.camera.clock_offset_s == pytest.approx(OFFSET_S - 40.0, abs=0.002)


@pytest.mark.slow
def test_a_clock_that_drifts(handheld):
    """The same seconds, again 100 s later, and a gyro whose clock loses 200 µs a second."""
    clip, drift = load_clip(handheld), 200e-6
    log, frames = clip.sensors, list(clips.read_frames(clip))
    again_ns = np.array([0, 100_000_000_000])[:, None]
    times = [(each + again_ns).ravel() for each in (log.frames.time_ns, log.gyro.time_ns)]
    readout_ns = np.tile(log.frames.readout_ns, 2)
    first_ns = times[0][0]
    # Between the two the camera turns back slowly, as slerp has it.
    late = first_ns + np.rint((times[1] - first_ns) / (1 + drift)).astype(np.int64)
    path = CameraPath(late, np.tile(log.gyro.quaternion, (2, 1)))
    sensors = dataclasses.replace(
        log, gyro=path, frames=FrameLog(times[0], readout_ns, times[0]), ois=None
    )
    whole = Clip.from_arrays([*frames, *frames], times[0] - first_ns, sensors)
    part = clips.between(whole, 0.0, 4.0)
    known = Known(focal=True, readout=True)
    found = with_drift(whole, part, calibrate(part, known))
    assert found.drift_found
    assert found.camera.clock_drift == pytest.approx(drift, abs=20e-6)
    assert found.camera.clock_offset_s == pytest.approx(0.0, abs=0.002)
    assert found.described(frozenset())["clock_drift"] == found.camera.clock_drift
    # Without the drift there is none to find, and a short clip tells none.
    right = dataclasses.replace(sensors, gyro=dataclasses.replace(path, time_ns=times[1]))
    still = dataclasses.replace(whole, sensors=right)
    usual = calibrate(clips.between(still, 0.0, 4.0), known)
    assert with_drift(still, clips.between(still, 0.0, 4.0), usual) is usual
    assert with_drift(clip, clip, usual) is usual


@pytest.mark.slow
def test_pixels_that_are_not_square(handheld, tmp_path):
    clip = load_clip(handheld)
    narrow = [cv2.resize(frame, (240, 270)) for frame in clips.read_frames(clip)]
    for log in handheld.glob("*.txt"):
        shutil.copy(log, tmp_path)
    write_anamorphic(tmp_path / "handheld.mp4", narrow, Fraction(2))
    stored = load_clip(tmp_path)
    assert stored.sensors.camera.focal_length[1] == 2 * clip.sensors.camera.focal_length[1]
    found, usual = calibrate(stored), calibrate(clip)
    assert found.doubt == ""
    assert found.camera.gyro_axes == usual.camera.gyro_axes
    assert found.camera.clock_offset_s == pytest.approx(0.0, abs=0.002)
    assert found.camera.readout_time_s == pytest.approx(usual.camera.readout_time_s, abs=0.003)
    assert found.camera.focal_length == pytest.approx(usual.camera.focal_length, rel=0.02)


def test_a_few_frames_are_not_enough(walk):
    with pytest.raises(InputError, match=r"has 30 frames; to compare .* 45 or more"):
        calibrate(load_clip(walk))
