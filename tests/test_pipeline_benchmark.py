import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import dvs_jax
from dvs_jax import pipeline_benchmark
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.synthetic.repetition import repeat
from dvs_jax.video import probe


def test_a_clip_is_timed_by_stage_and_end_to_end(walk, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline_benchmark, "ROUNDS", 1)
    monkeypatch.setattr(pipeline_benchmark, "_in_own_process", lambda *_: (2.5, 123_000_000))
    monkeypatch.setattr(pipeline_benchmark, "has_vidstab", lambda: False)
    network = dvs_jax.load_model("gyro_only")
    report = pipeline_benchmark.measure(load_clip(walk), network, "gyro_only")
    assert [stage.name for stage in report.stages] == ["decoding", "path", "warping", "encoding"]
    assert sum(stage.share for stage in report.stages) == pytest.approx(1.0)
    transcode, ours = report.end_to_end
    assert (transcode.name, transcode.time_ratio) == ("plain transcode", 1.0)
    assert ours.time_ratio == pytest.approx(transcode.frames_per_s / ours.frames_per_s)
    assert 0.0 < transcode.core_ms < 1000.0 and 0.0 < ours.core_ms < 1000.0
    pipeline_benchmark.write(report, tmp_path / "numbers.json")
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["size"] == [192, 108] and numbers["frames"] == 30
    assert numbers["end_to_end"][1]["name"] == "stabilize"
    *_, process = pipeline_benchmark.render(report)
    assert process == "the command, with all it loads: 2.5 s, 123 MB at most"


def test_the_transcode_keeps_every_frame_and_its_time(walk, tmp_path):
    pipeline_benchmark.transcode(load_clip(walk), tmp_path / "out.mp4")
    made = probe(tmp_path / "out.mp4")
    np.testing.assert_array_equal(made.time_ns, probe(walk / "walking.mp4").time_ns)


@pytest.mark.skipif(
    not pipeline_benchmark.has_vidstab(), reason="no ffmpeg with vidstab is installed"
)
def test_vidstab_stabilises_every_frame(walk, tmp_path):
    pipeline_benchmark.run_vidstab(load_clip(walk), tmp_path)
    assert probe(tmp_path / "vidstab.mp4").frame_count == 30


def test_a_command_that_fails_is_named_with_its_reason(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('no disk')"]
    with pytest.raises(InputError, match=r"SystemExit.*: failed: no disk"):
        pipeline_benchmark.run_alone(command)


@pytest.mark.slow
def test_the_memory_is_that_of_the_command(walk, tmp_path):
    seconds, peak = pipeline_benchmark._in_own_process(load_clip(walk), "gyro_only", tmp_path)
    assert 1.0 < seconds < 600.0
    assert 100e6 < peak < 2e9
    assert (tmp_path / "command" / "walking_stab_crop.mp4").exists()


def test_images_cannot_be_transcoded(walk, tmp_path):
    clip = load_clip(walk)
    video = walk / "frames"
    video.mkdir()
    folder = replace(clip, video=replace(clip.video, path=video))
    with pytest.raises(InputError, match="frames: is a folder of images; give a video file"):
        pipeline_benchmark.measure(folder, dvs_jax.load_model("gyro_only"), "gyro_only")


def test_a_repeated_clip_has_the_times_and_the_motion_of_its_parts(walk, tmp_path):
    short, long = load_clip(walk), load_clip(repeat(walk / "walking.mp4", tmp_path / "long", 3))
    assert long.frame_count == 90
    np.testing.assert_array_equal(np.diff(long.video.time_ns) // 1_000_000, 33)
    turns = [np.diff(clip.sensors.gyro.quaternion[:400], axis=0) for clip in (short, long)]
    np.testing.assert_allclose(turns[0], turns[1])
    for log in (long.sensors.gyro.time_ns, long.sensors.ois.time_ns):
        steps = np.diff(log)
        assert steps.min() == steps.max()
