import numpy as np
import pytest

from dvs_jax import quaternion, sensors
from dvs_jax.sensors.integration import integrate as integrate_rates
from dvs_jax.synthetic import logs
from dvs_jax.synthetic.clip import START_NS, SyntheticClip, seconds_since_start
from dvs_jax.synthetic.motion import make_motion, pose_at


def integrate(file):
    """Read a gyro log and integrate it from the identity: q_i = Δq_i ⊗ q_{i−1}."""
    rows = np.loadtxt(file)
    time_ns = np.rint(rows[:, 0] * 1000).astype(np.int64)
    rate = rows[:, [2, 1, 3]]
    poses = [quaternion.identity()]
    for i in range(1, len(rows)):
        turn = rate[i] * (time_ns[i] - time_ns[i - 1]) * 1e-9
        poses.append(quaternion.multiply(quaternion.from_rotation_vector(turn), poses[-1]))
    return time_ns, np.stack(poses)


@pytest.mark.parametrize("motion_name", ["handheld", "walking", "panning"])
def test_integrating_the_written_gyro_log_gives_the_true_poses(motion_name, tmp_path):
    clip = SyntheticClip(motion=motion_name, duration_s=5.0, seed=7)
    motion = make_motion(clip)
    logs.write_gyro_log(logs.make_gyro_log(clip, motion), tmp_path / "gyro.txt")
    time_ns, integrated = integrate(tmp_path / "gyro.txt")
    truth = pose_at(motion, seconds_since_start(time_ns))
    expected = quaternion.multiply(integrated, np.broadcast_to(truth[0], truth.shape))
    assert quaternion.angle_between(truth, expected).max() < 1e-9


def test_the_logs_reach_half_a_second_beyond_the_frames():
    clip = SyntheticClip(duration_s=1.0, frame_rate=24.0)
    motion, frames = make_motion(clip), logs.make_frame_log(clip)
    gyro, ois = logs.make_gyro_log(clip, motion), logs.make_ois_log(clip, motion)
    end = frames.time_ns[-1] + frames.readout_ns[-1]
    for time_ns, offset in ((gyro.time_ns, 0), (ois.time_ns, logs.OIS_CLOCK_LAG_NS)):
        assert frames.time_ns[0] - time_ns[0] - offset >= 500_000_000
        assert time_ns[-1] + offset - end >= 500_000_000
    assert np.all(np.diff(gyro.time_ns) == 2_500_000)
    assert np.all(gyro.time_ns % 1000 == 0)
    assert np.all(np.diff(ois.time_ns) == 5_000_000)


def test_noise_and_bias_are_those_asked_for():
    exact = SyntheticClip(duration_s=30.0)
    faulty = SyntheticClip(duration_s=30.0, gyro_noise=0.004, gyro_bias=(0.01, -0.02, 0.005))
    motion = make_motion(exact)
    error = logs.make_gyro_log(faulty, motion).rate - logs.make_gyro_log(exact, motion).rate
    assert np.allclose(error.mean(axis=0), [0.01, -0.02, 0.005], atol=2e-4)
    assert np.allclose(error.std(axis=0), 0.004, rtol=0.03)


def test_the_lens_takes_out_fast_shake_within_its_reach():
    clip = SyntheticClip(motion="walking", scene="distant", duration_s=20.0)
    motion = make_motion(clip)
    ois = logs.make_ois_log(clip, motion)
    pixels = ois.offset * [4032, 2272]
    assert 15.0 < np.abs(pixels).max() <= logs.OIS_REACH_PX
    time_s = seconds_since_start(ois.time_ns + logs.OIS_CLOCK_LAG_NS)
    yaw, pitch = motion.angles.at(time_s)[:, 1], motion.angles.at(time_s)[:, 0]
    # Where a distant point ahead is seen, in widths and heights of the image, without and with OIS.
    seen = np.stack([-yaw / 1.27, pitch / 1.27 * 16 / 9], axis=-1)
    step = np.diff(seen, axis=0).std(axis=0)
    steadied = np.diff(seen + ois.offset, axis=0).std(axis=0)
    assert np.all(steadied < 0.7 * step)
    assert np.all(steadied > 0.3 * step)


def test_frame_and_ois_logs_are_written_in_the_released_layout(tmp_path):
    clip = SyntheticClip(motion="panning", duration_s=1.0, seed=5)
    ois, frames = logs.make_ois_log(clip, make_motion(clip)), logs.make_frame_log(clip)
    logs.write_ois_log(ois, tmp_path / "ois.txt")
    logs.write_frame_log(frames, tmp_path / "frame.txt")
    rows = np.loadtxt(tmp_path / "ois.txt")
    assert np.array_equal(rows[:, 2].astype(np.int64), ois.time_ns)
    assert np.allclose(rows[:, :2] / [4032, 2272], ois.offset, rtol=0, atol=1e-15)
    rows = np.loadtxt(tmp_path / "frame.txt").astype(np.int64)
    assert np.array_equal(rows[:, 0] - rows[:, 1] // 2, frames.time_ns)
    assert np.array_equal(rows[:, 3], frames.readout_ns)
    assert np.array_equal(rows[:, 4] - rows[:, 1] // 2, frames.ois_time_ns)


def test_without_ois_there_is_no_log_and_no_shift():
    clip = SyntheticClip(ois=False)
    log = logs.make_ois_log(clip, make_motion(clip))
    assert log is None
    assert not sensors.ois_at(log, np.arange(3)).any()


def test_a_late_clock_logs_the_same_turns_with_later_times():
    exact = SyntheticClip(motion="running", duration_s=2.0)
    late = SyntheticClip(motion="running", duration_s=2.0, clock_offset_s=0.023)
    motion = make_motion(exact)
    before, after = (logs.make_gyro_log(clip, motion) for clip in (exact, late))
    assert np.all(after.time_ns - before.time_ns == 23_000_000)
    assert np.array_equal(after.rate, before.rate)


def test_a_jittering_clock_is_off_by_as_much_as_asked_for_and_never_runs_backwards():
    clip = SyntheticClip(duration_s=20.0, clock_jitter_s=0.0004)
    log = logs.make_gyro_log(clip, make_motion(clip))
    error = log.time_ns - logs.gyro_times_ns(clip)
    assert abs(error.mean()) < 3e4
    assert np.isclose(error.std(), 4e5, rtol=0.03)
    assert np.all(log.time_ns % 1000 == 0)
    wild = SyntheticClip(duration_s=20.0, clock_jitter_s=0.01)
    assert np.diff(logs.make_gyro_log(wild, make_motion(wild)).time_ns).min() >= 250_000


@pytest.mark.parametrize("rate_hz", [50.0, 201.0])
def test_a_slow_gyro_logs_the_same_turns_in_fewer_samples(rate_hz):
    clip = SyntheticClip(motion="cycling", duration_s=2.0, gyro_rate_hz=rate_hz)
    motion = make_motion(clip)
    log = logs.make_gyro_log(clip, motion)
    assert np.all(np.diff(log.time_ns) == round(1e6 / rate_hz) * 1000)
    path = integrate_rates(log.time_ns, log.rate)
    truth = pose_at(motion, seconds_since_start(log.time_ns))
    expected = quaternion.multiply(path.quaternion, np.broadcast_to(truth[0], (len(truth), 4)))
    assert quaternion.angle_between(truth, expected).max() < 1e-9


def test_a_clock_that_drifts_gains_with_time():
    clip = SyntheticClip(duration_s=20.0, clock_offset_s=0.01, clock_drift=1e-4)
    log, true_ns = logs.make_gyro_log(clip, make_motion(clip)), logs.gyro_times_ns(clip)
    expected = 1e7 + 1e-4 * (true_ns - START_NS)
    np.testing.assert_allclose(log.time_ns - true_ns, expected, atol=500)
