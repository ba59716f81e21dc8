from pathlib import Path

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.fused import record
from dvs_jax.fused.record import Record
from dvs_jax.sensors.integration import integrate

from .records import walking_record


def swaying(hz: float, amplitude_deg: float, rate: float = 30.0, seconds: float = 8.0):
    time_s = np.arange(round(seconds * rate)) / rate
    turn = np.zeros((len(time_s), 3))
    turn[:, 1] = np.radians(amplitude_deg) * np.sin(2 * np.pi * hz * time_s)
    time_ns = np.rint(time_s * 1e9).astype(np.int64)
    return CameraPath(time_ns, quaternion.from_rotation_vector(turn))


@pytest.mark.parametrize("hz", [4.0, 6.0])
def test_shake_is_the_rms_of_fast_rotation(hz: float) -> None:
    assert record.shake_deg(swaying(hz, 2.0)) == pytest.approx(2.0 / np.sqrt(2), rel=0.03)


def test_slow_turns_are_no_shake() -> None:
    assert record.shake_deg(swaying(0.1, 2.0)) < 0.02


def test_half_of_the_energy_passes_at_the_limit() -> None:
    low_passed = 1 - record.shake_deg(swaying(1.0, 2.0)) / (2.0 / np.sqrt(2))
    assert low_passed == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_the_schema_fits_a_record() -> None:
    whole = walking_record((8, 4), frames=5)
    example = record.features_dict((8, 4)).encode_example(record.to_example(whole))
    assert set(example) == set(Record._fields)


def test_a_record_without_flow_comes_back_without() -> None:
    whole = walking_record((8, 4), frames=5)._replace(flow=record.no_flow(4))
    example = record.to_example(whole)
    assert set(record.features_dict(None)) == set(example)
    assert record.from_example({**example, "name": b"walk"}).flow.shape == (4, 0, 0, 4)


def test_pieces_cover_a_clip_and_share_a_frame() -> None:
    whole = walking_record((8, 4), frames=60)
    parts = list(record.pieces(whole, pairs=25))
    assert [len(part.flow) for part in parts] == [19, 20, 20]
    np.testing.assert_array_equal(np.concatenate([part.flow for part in parts]), whole.flow)
    assert [part.name for part in parts] == ["walk/0", "walk/19", "walk/39"]
    assert parts[0].time_ns[-1] == parts[1].time_ns[0] == whole.time_ns[19]
    middle = parts[1]
    assert middle.gyro_time_ns[0] <= max(middle.time_ns[0] - 10**9, whole.gyro_time_ns[0])
    assert middle.gyro_time_ns[-1] >= min(middle.time_ns[-1] + 10**9, whole.gyro_time_ns[-1])


def test_flow_that_comes_as_a_stream_is_cut_alike() -> None:
    whole = walking_record((8, 4), frames=60)
    streamed = record.pieces(whole._replace(flow=record.no_flow(59)), iter(whole.flow), pairs=25)
    for one, other in zip(streamed, record.pieces(whole, pairs=25), strict=True):
        np.testing.assert_array_equal(one.flow, other.flow)
        np.testing.assert_array_equal(one.gyro_pose, other.gyro_pose)


@pytest.mark.parametrize("pairs", [100, 25])
def test_flow_that_ends_early_is_an_error(pairs: int) -> None:
    whole = walking_record((8, 4), frames=60)
    with pytest.raises(InputError, match="walk: flow of 58 pairs of frames where 59 are expected"):
        list(record.pieces(whole, iter(whole.flow[:58]), pairs))


def test_a_clip_without_flow_stays_whole() -> None:
    whole = walking_record((8, 4))._replace(flow=record.no_flow(59))
    assert list(record.pieces(whole, pairs=25)) == [whole]


def test_frames_are_made_up_for_a_gyro_log() -> None:
    time_ns = np.arange(0, 3_000_000_001, 5_000_000)
    gyro = np.zeros((len(time_ns), 3))
    gyro[:, 0] = 0.2
    made = record.record_of_gyro("log", time_ns, gyro, Camera(), (1920, 1080), 25.0)
    assert len(made.time_ns) == 51
    assert made.time_ns[0] == 500_000_000
    np.testing.assert_array_equal(np.diff(made.time_ns), 40_000_000)
    # The released gyro's x axis is the camera's y: 0.2 rad/s for 0.5 s.
    np.testing.assert_allclose(made.true_pose[0], [0, np.sin(0.05), 0, np.cos(0.05)], atol=1e-6)
    assert made.flow.shape == (50, 0, 0, 4)


def test_a_gyro_log_that_is_too_short_is_named() -> None:
    time_ns = np.arange(0, 1_000_000_000, 5_000_000)
    with pytest.raises(InputError, match=r"tiny: .* too short"):
        record.record_of_gyro("tiny", time_ns, np.zeros((200, 3)), Camera(), (64, 64), 30.0)


def test_a_real_gyro_log_makes_a_record(recordings: Path) -> None:
    rows = np.loadtxt(recordings / "gopro_imu" / "imu.csv", delimiter=",", skiprows=1)
    time_ns = np.rint(rows[:, 0] * 1e9).astype(np.int64)
    camera = Camera(gyro_axes=("x", "y", "z"))
    made = record.record_of_gyro("imu", time_ns, rows[:, 1:], camera, (1920, 1080), 30.0)
    np.testing.assert_array_equal(made.gyro_pose, integrate(time_ns, rows[:, 1:]).quaternion)
    assert len(made.time_ns) == 780
    assert 0.5 < made.shake_deg < 5.0
