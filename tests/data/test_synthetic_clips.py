import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from typer.testing import CliRunner

from data.dataset_builder import build
from data.synthetic_clips import SyntheticClips, inertial
from data.synthetic_clips.__main__ import app
from data.synthetic_clips.synthetic_clips import (
    SPLITS,
    action_camera_clip,
    clip_of,
    record_of,
    turned_clip,
)
from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.fused import record
from dvs_jax.fused.record import Record, gyro_path
from dvs_jax.synthetic import aligned_true_path, bulk_flow
from dvs_jax.synthetic.motion import make_motion

CONFIGS = {config.name: config for config in SyntheticClips.BUILDER_CONFIGS}


def stored(folder: Path, split: str) -> list[Record]:
    source = tfds.builder_from_directory(folder).as_data_source(split)
    return [record.from_example(each) for each in source]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smoke")
    return build(SyntheticClips(config="smoke", data_dir=folder, file_format="array_record"))


def make_gyro(file: Path, seconds: float) -> Path:
    time_s = np.arange(0.0, seconds, 0.005)
    rate = np.deg2rad(20.0) * np.sin(2 * np.pi * 3.0 * time_s)
    rows = np.column_stack([time_s, 0 * rate, rate, 0 * rate])
    np.savetxt(file, rows, "%.6f", delimiter=",", header="t_s,wx,wy,wz", comments="")
    return file


def test_records_hold_what_the_clips_say(smoke: Path) -> None:
    records = [piece for split in SPLITS for piece in stored(smoke, split)]
    names = {piece.name.split("/")[0] for piece in records}
    assert len(names) == 9
    for piece in records:
        frames = len(piece.time_ns)
        assert piece.flow.shape == (frames - 1, 68, 120, 4)
        assert piece.flow.dtype == np.float16
        assert piece.true_pose.shape == (frames, 4)
        assert np.isfinite(piece.flow).all()
        assert np.allclose(np.linalg.norm(piece.gyro_pose, axis=-1), 1.0)
        assert piece.size.tolist() == [1920, 1080]
        assert np.allclose(piece.focal, [1 / 1.27, 16 / 9 / 1.27])
        assert piece.gyro_time_ns[0] <= piece.time_ns[0] - 500_000_000
        assert piece.gyro_time_ns[-1] >= piece.time_ns[-1] + 500_000_000
        truth = CameraPath(piece.time_ns, piece.true_pose.astype(float))
        assert np.isclose(piece.shake_deg, record.shake_deg(truth), rtol=1e-3, atol=1e-4)


def test_half_of_the_clips_with_flow_are_clean_and_tell_the_truth() -> None:
    config = CONFIGS["quarter"]
    clips = [clip_of(config, 0, "training", index) for index in range(40)]
    clean, faulty = clips[::2], clips[1::2]
    assert all(clip.clock_offset_s == 0 and clip.gyro_noise == 0 and clip.ois_log for clip in clean)
    assert all(clip.gyro_noise > 0 for clip in faulty)
    assert np.mean([clip.clock_offset_s != 0 for clip in faulty]) > 0.4
    ordinary = [clip_of(CONFIGS["poses"], 0, "training", index) for index in range(20)]
    assert all(clip.gyro_noise > 0 and clip.clock_offset_s == 0 for clip in ordinary)


@pytest.mark.parametrize(
    ("config", "index", "last"),
    [
        ("poses", 0, [-8.4835e-05, 0.000188509, -5.1159e-05, 0.999999977]),
        ("poses", 1, [0.004081966, -0.035329868, -0.0038266, 0.999360043]),
        ("small", 1, [0.009367135, 0.003840969, -0.001655743, 0.99994738]),
    ],
)
def test_held_out_clips_stay_what_they_were(config: str, index: int, last: list[float]) -> None:
    """By which networks are compared across versions."""
    path = aligned_true_path(clip_of(CONFIGS[config], 0, "test", index))
    np.testing.assert_allclose(path.quaternion[-1], last, atol=1e-9)


def test_a_slow_gyro_is_recorded_as_it_logged() -> None:
    clip = action_camera_clip(CONFIGS["poses"], 0, 1)
    piece = record_of(clip, "action", None)
    interval_ns = np.diff(piece.gyro_time_ns)
    np.testing.assert_allclose(interval_ns.mean(), 1e9 / clip.gyro_rate_hz, rtol=1e-3)
    error = quaternion.angle_between(
        pose_at(gyro_path(piece), piece.time_ns, "hold"), piece.true_pose.astype(float)
    )
    assert np.degrees(error).max() < 2.0


def test_a_clean_records_gyro_is_its_true_path(smoke: Path) -> None:
    piece = stored(smoke, "training")[0]
    measured = pose_at(gyro_path(piece), piece.time_ns, "hold")
    error = quaternion.angle_between(measured, piece.true_pose.astype(float))
    assert np.degrees(error).max() < 0.02


def test_flow_is_the_exact_one_but_for_faults(smoke: Path) -> None:
    clip = clip_of(CONFIGS["smoke"], 0, "training", 0)
    piece = stored(smoke, "training")[0]
    exact = np.stack(list(bulk_flow(clip, (120, 68))))[: len(piece.flow)]
    error = piece.flow.astype(np.float32) * [120, 68, 120, 68] - exact
    # The medians leave out failures, dropped regions and things' edges.
    assert np.median(np.abs(error)) < 0.2


def test_training_and_test_clips_differ_for_every_seed() -> None:
    seeds = [
        {clip_of(CONFIGS["poses"], seed, split, index).seed for index in range(100)}
        for seed in (0, 1)
        for split in SPLITS
    ]
    assert len(set.union(*seeds)) == 400
    assert min(set.union(*seeds)) > 1_000_000


def test_a_fifth_more_clips_for_training_are_from_drones_and_bicycles(smoke: Path) -> None:
    training, test = (
        {piece.name.split("/")[0] for piece in stored(smoke, split)} for split in SPLITS
    )
    assert sum(name.startswith("training-action-00000-") for name in training) == 1
    assert not any("action" in name for name in test)
    clips = [action_camera_clip(CONFIGS["small"], 0, index) for index in range(20)]
    assert {clip.motion for clip in clips} == {"flying", "cycling"}
    assert all((clip.gyro_rate_hz < 400.0) == bool(index % 2) for index, clip in enumerate(clips))


@pytest.mark.slow
def test_equal_seeds_build_equal_datasets(smoke: Path, tmp_path: Path) -> None:
    again = build(SyntheticClips(config="smoke", data_dir=tmp_path, file_format="array_record"))
    for one, other in zip(stored(smoke, "test"), stored(again, "test"), strict=True):
        assert one.name == other.name
        for ours, theirs in zip(one[1:], other[1:], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    other_seed = clip_of(CONFIGS["smoke"], 5, "test", 0)
    assert other_seed != clip_of(CONFIGS["smoke"], 0, "test", 0)


def test_cameras_turn_as_recorded(tmp_path: Path) -> None:
    file = make_gyro(tmp_path / "real.csv", 15.0)
    (recorded,) = inertial.read([file], 2.7)
    for index in range(4):
        clip = turned_clip(CONFIGS["small"], 0, [recorded], index)
        # The log's second axis is the camera's first by the released phone's axes.
        pitch = make_motion(clip).angles.at(np.arange(0.0, 2.7, 0.001))[:, 0]
        # 20 °/s at 3 Hz swings by 20 / (2π · 3) degrees to either side.
        swing = clip.strength * 20 / (2 * np.pi * 3)
        assert np.degrees(np.ptp(pitch)) / 2 == pytest.approx(swing, rel=0.02)
        assert inertial.STRENGTH[0] <= clip.strength <= inertial.STRENGTH[1]
        assert (clip.gyro_noise > 0) == bool(index % 2)
    again = turned_clip(CONFIGS["small"], 0, [recorded], 3)
    np.testing.assert_array_equal(again.angles.amplitude, clip.angles.amplitude)


@pytest.mark.slow
def test_real_gyro_logs_are_mixed_in(tmp_path: Path) -> None:
    file = make_gyro(tmp_path / "real.csv", 15.0)
    builder = SyntheticClips(
        imu=[file], config="smoke", data_dir=tmp_path, file_format="array_record"
    )
    names = [piece.name for piece in stored(build(builder), "training")]
    assert len(names) == 8 and sum(name.startswith("training-recorded") for name in names) == 1
    test = [piece.name for piece in stored(tmp_path / "synthetic_clips/smoke/1.1.0", "test")]
    assert len(test) == 2 and not any("recorded" in name for name in test)


def test_a_short_or_broken_gyro_log_is_an_error(tmp_path: Path) -> None:
    short = make_gyro(tmp_path / "short.csv", 3.0)
    with pytest.raises(InputError, match=r"short\.csv: 3\.0 s of gyro are too short"):
        SyntheticClips(imu=[short], config="poses", data_dir=tmp_path / "out")
    with pytest.raises(InputError, match="absent"):
        SyntheticClips(imu=[tmp_path / "absent.csv"], config="poses", data_dir=tmp_path / "out")
    over = tmp_path / "over.csv"
    text = make_gyro(over, 15.0).read_text().splitlines()
    turning = [",".join([line.split(",")[0], "0.0", "2.0", "0.0"]) for line in text[1:]]
    over.write_text("\n".join([text[0], *turning]))
    with pytest.raises(InputError, match=r"over\.csv: the camera pitches by more than 75°, where"):
        SyntheticClips(imu=[over], config="poses", data_dir=tmp_path / "out")


@pytest.mark.slow
def test_the_command_builds_and_refuses_to_overwrite(tmp_path: Path) -> None:
    command = ["--config", "smoke", "--out", str(tmp_path), "--seed", "3"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    folder = tmp_path / "synthetic_clips" / "smoke" / "1.1.0"
    assert str(folder) in first.output
    assert len({piece.name.split("/")[0] for piece in stored(folder, "training")}) == 7
    second = CliRunner().invoke(app, command)
    assert second.exit_code == 2
    assert "a dataset lies there already" in second.output


@pytest.mark.slow
def test_nothing_needs_tensorflow() -> None:
    code = "import sys, data.synthetic_clips; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
