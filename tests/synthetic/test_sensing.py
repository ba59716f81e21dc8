from dataclasses import replace

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import pose_at
from dvs_jax.sensors import OisLog
from dvs_jax.synthetic import (
    SyntheticClip,
    aligned_true_path,
    bulk_flow,
    lens_shift,
    logs,
    sensor_log,
    shown_path,
    synthesize,
)
from dvs_jax.synthetic.clip import MotionName
from dvs_jax.synthetic.logs import make_ois_log
from dvs_jax.synthetic.motion import make_motion
from dvs_jax.synthetic.variety import ACTION_CAMERA

NAMES = MotionName.__args__


def error_deg(clip, shift_s=0.0):
    """Angles between the gyro's path, read `shift_s` later, and the truth at the frames' times."""
    truth = aligned_true_path(clip)
    time_ns = truth.time_ns + round(shift_s * 1e9)
    pose = pose_at(sensor_log(clip).gyro, time_ns, "hold")
    return np.degrees(quaternion.angle_between(pose, truth.quaternion))


@pytest.mark.parametrize("name", NAMES)
def test_without_faults_the_gyro_tells_the_truth(name):
    clip = SyntheticClip(motion=name, duration_s=3.0, varied=True, seed=11)
    # Between samples the path is a slerp, which leaves the hardest vibration some 0.005° off, and
    # resonance 0.02°.
    assert error_deg(clip).max() < (0.02 if name in ACTION_CAMERA else 8e-3)
    assert len(aligned_true_path(clip)) == 90


def test_a_late_clock_is_made_good_by_reading_later():
    clip = SyntheticClip(motion="running", duration_s=3.0, clock_offset_s=0.02, seed=2)
    assert error_deg(clip).max() > 0.5
    assert error_deg(clip, shift_s=0.02).max() < 8e-3


def test_a_bias_drifts_by_its_rate():
    bias = np.radians([0.0, 0.5, 0.0])
    clip = SyntheticClip(motion="still", duration_s=4.0, gyro_bias=tuple(bias))
    since_first_sample = 0.6 + np.arange(120) / 30 + 0.015
    assert np.allclose(error_deg(clip), 0.5 * since_first_sample, atol=2e-3)


def test_a_lens_without_log_moves_unseen(tmp_path):
    clip = SyntheticClip("walking", "distant", 0.2, size=(64, 64), ois_log=False, seed=5)
    assert sensor_log(clip).ois is None
    assert np.abs(make_ois_log(clip, make_motion(clip)).offset).max() > 1e-3
    logged = sensor_log(replace(clip, ois_log=True)).ois
    assert np.array_equal(logged.offset, make_ois_log(clip, make_motion(clip)).offset)
    synthesize(clip, tmp_path / "clip")
    assert not (tmp_path / "clip" / "walking_ois.txt").exists()


@pytest.fixture
def drifting_lens(monkeypatch):
    """A clip of a still camera whose image drifts right by 3 % a second, and up by 6 %."""
    clip = SyntheticClip("still", "distant", 0.5, size=(640, 360), ois_log=False)

    def make_ois_log(clip, motion):
        time_s = np.linspace(0.0, 1.0, 11)
        first_ns = logs.make_frame_log(clip).ois_time_ns[0]
        offset = 0.01 + time_s[:, None] * [0.03, -0.06]
        return OisLog(first_ns + np.rint(time_s * 1e9).astype(np.int64), offset)

    monkeypatch.setattr(logs, "make_ois_log", make_ois_log)
    return clip


def drift(clip):
    """Where that lens is when the middle row of each frame is exposed."""
    center_s = 0.015 + np.arange(clip.frame_count) / 30
    return 0.01 + center_s[:, None] * [0.03, -0.06]


def test_the_lens_is_where_it_is_when_the_middle_row_is_exposed(drifting_lens):
    np.testing.assert_allclose(lens_shift(drifting_lens), drift(drifting_lens), atol=1e-9)


def test_the_picture_moves_as_the_lens_does(drifting_lens):
    flow = np.stack(list(bulk_flow(drifting_lens, (64, 36))))
    moved = np.diff(lens_shift(drifting_lens), axis=0) * [64, 36]
    # But for people who walk through it; and a point that drifts up is seen by a row that is
    # exposed a little earlier.
    np.testing.assert_allclose(np.median(flow[..., :2], axis=(1, 2)), moved, rtol=0.01)


def test_what_was_in_the_middle_is_shown_where_the_lens_puts_it(drifting_lens):
    camera, (width, height) = Camera(), drifting_lens.size
    shown, held = shown_path(drifting_lens), aligned_true_path(drifting_lens)
    turn = quaternion.multiply(shown.quaternion, quaternion.conjugate(held.quaternion))
    ray = quaternion.to_matrix(turn) @ np.array([0.0, 0.0, 1.0])
    in_widths = np.array(camera.focal_length) * ray[:, :2] / ray[:, 2:]
    landed = in_widths * [1.0, width / height]
    np.testing.assert_allclose(landed, drift(drifting_lens), rtol=2e-3)
    np.testing.assert_array_equal(shown.time_ns, held.time_ns)
