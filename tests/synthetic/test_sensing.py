from dataclasses import replace

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera_path import pose_at
from dvs_jax.synthetic import SyntheticClip, aligned_true_path, sensor_log, synthesize
from dvs_jax.synthetic.clip import MotionName
from dvs_jax.synthetic.logs import make_ois_log
from dvs_jax.synthetic.motion import make_motion

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
    # Between samples the path is a slerp, which leaves the hardest vibration some 0.005° off.
    assert error_deg(clip).max() < 8e-3
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
