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
        ({"motion": "floating"}, "motion"),
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
        ({"clock_offset_s": 1.0}, "clock_offset_s"),
        ({"clock_jitter_s": -1e-3}, "clock_jitter_s"),
        ({"clock_drift": 0.02}, "clock_drift"),
        ({"gyro_rate_hz": 0.0}, "gyro_rate_hz"),
        ({"strength": float("nan")}, "strength"),
    ],
)
def test_an_impossible_description_is_refused_by_name(change, named):
    with pytest.raises(InputError, match=named):
        SyntheticClip(**change)


def test_runners_step_faster_and_harder_than_walkers():
    walk = make_motion(SyntheticClip(motion="walking", duration_s=60.0))
    run = make_motion(SyntheticClip(motion="running", duration_s=60.0))
    pitch = np.degrees(run.angles.at(TIME)[:, 0])
    spectrum = np.abs(np.fft.rfft(pitch)) ** 2
    assert 2.55 < np.fft.rfftfreq(len(TIME), 0.005)[spectrum.argmax()] < 2.95
    assert pitch.std() > 1.4 * np.degrees(walk.angles.at(TIME)[:, 0]).std()
    way = position_at(run, np.array([0.0, 10.0]))
    assert np.allclose(way[1] - way[0], [0, 0, 32], atol=0.3)


def test_a_car_advances_and_is_thrown_by_bumps():
    motion = make_motion(SyntheticClip(motion="driving", duration_s=20.0))
    way = position_at(motion, np.array([0.0, 20.0]))
    assert np.allclose(way[1] - way[0], [0, 0, 180], atol=0.3)
    assert 7 <= len(motion.knock_angles.start_s) <= 26
    fast = np.degrees(motion.angles.at(TIME)).std(axis=0)
    assert np.allclose(fast, np.sqrt([0.3**2 + 0.4**2 + 0.09**2, 0.657, 0.3436]), rtol=0.25)


def test_a_knocked_tripod_swings_and_comes_to_rest():
    motion = make_motion(SyntheticClip(motion="knock", duration_s=6.0, seed=1))
    knocks = motion.knock_angles
    first, second = knocks.start_s[:2]
    before = np.linspace(-0.6, first, 50)
    assert np.array_equal(pose_at(motion, before), quaternion.identity(before.shape))
    during = np.linspace(first, second, 2000)
    angle = np.degrees(quaternion.angle_between(pose_at(motion, during), quaternion.identity()))
    assert 0.3 < angle.max() < 3.0
    late = first + 5 * knocks.decay_s[0]
    if late < second:
        assert angle[during > late].max() < 0.02 * angle.max() + 1e-3
    # Exact at any time: the formula, written out.
    t = 0.123
    swing = np.sin(2 * np.pi * knocks.frequency_hz[0, 1] * t)
    size = np.exp(-t / knocks.decay_s[0]) * (1 - np.exp(-t / 0.01))
    expected = knocks.amplitude[0, 1] * size * swing
    assert np.isclose(knocks.at(np.array(first + t))[1], expected, rtol=1e-12)


def test_strength_scales_the_shake_and_neither_pans_nor_speed():
    for name in ("driving", "panning", "knock", "flying"):
        plain = make_motion(SyntheticClip(motion=name, seed=3))
        strong = make_motion(SyntheticClip(motion=name, seed=3, strength=2.0))
        assert np.allclose(strong.angles.at(TIME), 2.0 * plain.angles.at(TIME))
        assert np.allclose(strong.knock_angles.at(TIME), 2.0 * plain.knock_angles.at(TIME))
        assert np.array_equal(strong.pans, plain.pans)
        assert np.array_equal(strong.rolls, plain.rolls)
        assert strong.forward_m_s == plain.forward_m_s


def test_knocks_count_as_shake():
    motion = make_motion(SyntheticClip(motion="knock", seed=1))
    time_s = TIME[TIME < 6.0]
    shake = shake_at(motion, time_s, above_hz=1.0)
    assert np.corrcoef(shake[:, 0], motion.knock_angles.at(time_s)[:, 0])[0, 1] > 0.99


def test_varied_clips_differ_in_size_cadence_speed_and_pans():
    clips = [SyntheticClip(motion="walking", varied=True, seed=seed) for seed in range(200)]
    motions = [make_motion(clip) for clip in clips]
    rms = np.array([np.sqrt((m.angles.amplitude[:, 0] ** 2).sum() / 2) for m in motions])
    assert 0.22 < np.log(rms).std() < 0.4
    speed = np.array([motion.forward_m_s for motion in motions])
    assert 0.45 < speed.min() < 0.6
    assert 1.8 < speed.max() <= 1.92
    assert 0.25 < np.mean([len(motion.pans) > 0 for motion in motions]) < 0.45
    assert 0.12 < np.mean([len(motion.tilts) > 0 for motion in motions]) < 0.28
    rates = np.degrees(np.abs(np.concatenate([motion.pans[:, 2] for motion in motions])))
    assert 4.0 <= rates.min() < 7.0
    assert 50.0 < rates.max() <= 90.0
    again = make_motion(clips[0])
    assert np.array_equal(pose_at(again, TIME), pose_at(motions[0], TIME))


def test_a_drone_rolls_evenly():
    motion = make_motion(SyntheticClip(motion="flying", duration_s=60.0, strength=0.0, seed=3))
    rolls = np.degrees(np.abs(motion.rolls[:, 2]))
    assert rolls.min() >= 0.5 and rolls.max() <= 4.0
    turn = quaternion.multiply(
        pose_at(motion, TIME + 0.005), quaternion.conjugate(pose_at(motion, TIME))
    )
    rate = np.degrees(quaternion.to_rotation_vector(turn)) / 0.005
    np.testing.assert_allclose(rate[:, :2], 0.0, atol=1e-9)
    assert np.isclose(np.abs(rate[:, 2]).max(), rolls.max(), rtol=0.02)
    even = np.abs(rate[:, 2, None] - np.concatenate([[0.0], rolls, -rolls])).min(axis=1) < 0.05
    assert even.mean() > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_a_bicycles_mount_resonates_at_one_frequency(seed):
    motion = make_motion(SyntheticClip(motion="cycling", varied=True, seed=seed))
    mount = motion.angles.frequency_hz[-8:]
    assert mount.min() > 0.88 * 0.97 * 8.0 and mount.max() < 1.15 * 1.03 * 40.0
    assert mount.max() / mount.min() < 1.07


def test_mounts_differ_in_the_frequency_at_which_they_resonate():
    clips = [SyntheticClip(motion="cycling", varied=True, seed=seed) for seed in range(100)]
    frequency = [make_motion(clip).angles.frequency_hz[-1, 0] for clip in clips]
    assert np.isclose(np.median(frequency), np.sqrt(8.0 * 40.0), rtol=0.15)
    assert min(frequency) < 10.0 and max(frequency) > 33.0


def test_varied_drones_roll_slowly_and_fast_clockwise_if_positive():
    clips = [SyntheticClip(motion="flying", varied=True, seed=seed) for seed in range(200)]
    rates = np.degrees([abs(make_motion(clip).rolls[0, 2]) for clip in clips])
    assert 0.3 <= rates.min() < 0.4 and 20.0 < rates.max() <= 30.0
    assert np.isclose(np.median(rates), 1.25 * np.sqrt(0.3 * 20.0), rtol=0.2)
    rolling = replace(
        make_motion(SyntheticClip(motion="still")), rolls=np.array([[0, 9, 0.1, 0.1]])
    )
    above = quaternion.rotate(pose_at(rolling, np.array([5.0])), np.array([[0.0, -1.0, 9.0]]))
    # The camera turns clockwise, so what is above it goes to the left.
    assert above[0, 0] < -0.3
