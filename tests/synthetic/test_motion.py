from dataclasses import replace

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.errors import InputError
from dvs_jax.synthetic.clip import SyntheticClip
from dvs_jax.synthetic.motion import make_motion, pose_at, position_at, shake_at

TIME = np.arange(0.0, 60.0, 0.005)


def angular_speed_deg(motion, time_s=TIME, step=1e-4):
    turned = quaternion.angle_between(pose_at(motion, time_s + step), pose_at(motion, time_s))
    return np.degrees(turned) / step


def test_hands_tremble_by_tenths_of_a_degree_between_2_and_12_hz():
    motion = make_motion(SyntheticClip(duration_s=60.0))
    angles = np.degrees(motion.angles.at(TIME))
    spectrum = np.abs(np.fft.rfft(angles, axis=0)) ** 2 / len(TIME) ** 2 * 2
    frequency = np.fft.rfftfreq(len(TIME), 0.005)
    tremor = np.sqrt(spectrum[(frequency >= 1.9) & (frequency <= 12.1)].sum(axis=0))
    assert np.allclose(tremor, [0.28, 0.24, 0.16], rtol=0.15)
    assert spectrum[frequency > 13].sum() < 1e-3 * spectrum.sum()


def test_a_walk_bounces_with_the_steps_and_advances():
    motion = make_motion(SyntheticClip(motion="walking", duration_s=60.0))
    pitch = np.degrees(motion.angles.at(TIME)[:, 0])
    spectrum = np.abs(np.fft.rfft(pitch)) ** 2
    frequency = np.fft.rfftfreq(len(TIME), 0.005)
    assert 1.75 < frequency[spectrum.argmax()] < 2.05
    assert 1.0 < pitch.std() < 3.0
    way = position_at(motion, np.array([0.0, 10.0]))
    assert np.allclose(way[1] - way[0], [0, 0, 12], atol=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_pans_turn_at_20_to_40_degrees_a_second(seed):
    motion = make_motion(SyntheticClip(motion="panning", duration_s=60.0, seed=seed))
    still = replace(motion, angles=make_motion(SyntheticClip(motion="still")).angles)
    speed = angular_speed_deg(still)
    assert 36.0 < speed.max() < 41.0
    assert speed.min() < 3.0
    turning = speed > 15.0
    assert 0.4 < turning.mean() < 0.8
    assert np.degrees(np.abs(np.diff(speed))).max() / 0.005 < 1e5


def test_a_still_camera_does_not_move():
    motion = make_motion(SyntheticClip(motion="still"))
    assert np.array_equal(pose_at(motion, TIME), quaternion.identity(TIME.shape))
    assert np.array_equal(position_at(motion, TIME), np.zeros((*TIME.shape, 3)))


def test_a_distant_scene_is_seen_from_one_place_with_the_same_turns():
    near = make_motion(SyntheticClip(motion="walking"))
    far = make_motion(SyntheticClip(motion="walking", scene="distant"))
    assert np.array_equal(pose_at(near, TIME), pose_at(far, TIME))
    assert not position_at(far, TIME).any()


def test_turning_right_moves_things_left_and_turning_up_moves_them_down():
    motion = make_motion(SyntheticClip(seed=4))
    pitch, yaw, _ = motion.angles.at(TIME).T
    ahead = quaternion.rotate(
        pose_at(motion, TIME), np.broadcast_to([0.0, 0.0, 1.0], (len(TIME), 3))
    )
    assert np.corrcoef(ahead[:, 0], yaw)[0, 1] < -0.99
    assert np.corrcoef(ahead[:, 1], pitch)[0, 1] > 0.99


def test_shake_keeps_what_is_fast():
    motion = make_motion(SyntheticClip(seed=2))
    slow = motion.angles.at(TIME) - shake_at(motion, TIME, above_hz=1.0)
    fast = motion.angles.frequency_hz > 2.0
    drift = replace(motion.angles, amplitude=np.where(fast, 0.0, motion.angles.amplitude))
    assert np.corrcoef(slow[:, 1], drift.at(TIME)[:, 1])[0, 1] > 0.95


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"motion": "flying"}, "motion"),
        ({"scene": "nowhere"}, "scene"),
        ({"duration_s": 0.0}, "duration_s"),
        ({"duration_s": float("nan")}, "duration_s"),
        ({"frame_rate": -30.0}, "frame_rate"),
        ({"readout_time_s": 0.05}, "readout_time_s"),
        ({"size": (641, 360)}, "size"),
        ({"size": (0, 0)}, "size"),
        ({"gyro_noise": -1.0}, "gyro_noise"),
        ({"gyro_bias": (0.0, float("inf"), 0.0)}, "gyro_bias"),
        ({"seed": -1}, "seed"),
    ],
)
def test_an_impossible_description_is_refused_by_name(change, named):
    with pytest.raises(InputError, match=named):
        SyntheticClip(**change)
