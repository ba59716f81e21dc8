import sys

import cv2
import numpy as np
import pytest

from dvs_jax.benchmarks import pipeline, process, transcoding
from dvs_jax.benchmarks.pipeline import CommandCost
from dvs_jax.benchmarks.report import render
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.synthetic.repetition import repeat
from dvs_jax.video import probe, read_frames


@pytest.mark.slow
def test_a_clip_is_timed_by_stage_and_end_to_end(walk, monkeypatch):
    monkeypatch.setattr(pipeline, "ROUNDS", 1)
    monkeypatch.setattr(pipeline, "_in_own_process", lambda *_: CommandCost(2.5, 123_000_000))
    monkeypatch.setattr(pipeline, "has_vidstab", lambda: False)
    report = pipeline.measure(walk, "gyro_only")
    stages, ways = report.tables
    assert stages.values("stage") == ["decoding", "path", "warping", "encoding"]
    assert sum(stages.values("share")) == pytest.approx(1.0)
    assert ways.values("from file to file") == [
        "plain transcode",
        "stabilize",
        "stabilize, --refine none",
        "stabilize, --sensors none",
    ]
    speeds, times = ways.values("frames/s"), ways.values("time / transcode's")
    assert times == pytest.approx([speeds[0] / each for each in speeds])
    assert [*report.ratios.values()] == times[1:2]
    assert all(0.0 < core_ms < 1000.0 for core_ms in ways.values("core ms a frame"))
    assert report.details["size"] == (192, 108) and report.details["frames"] == 30
    assert report.details["command"] == {"seconds": 2.5, "peak_memory_bytes": 123_000_000}
    live_ms = report.details["live_ms"]
    assert 0.0 < live_ms < 1000.0
    told = f"a live step by the pictures alone, decoding and encoding apart: {live_ms:.1f} ms"
    assert told in [*render(report)]
    assert "the command, with all it loads: 2.5 s, 123 MB at most" in [*render(report)]


def test_the_transcode_keeps_every_frame_and_its_time(walk, tmp_path):
    transcoding.transcode(load_clip(walk), tmp_path / "out.mp4")
    made = probe(tmp_path / "out.mp4")
    np.testing.assert_array_equal(made.time_ns, probe(walk / "walking.mp4").time_ns)


def test_a_command_that_fails_is_named_with_its_reason(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('no disk')"]
    with pytest.raises(InputError, match=r"SystemExit.*: failed: no disk"):
        process.run_alone(command)


@pytest.mark.slow
def test_the_memory_is_that_of_the_command(walk, tmp_path):
    seconds, peak = pipeline._in_own_process(load_clip(walk), "gyro_only", tmp_path)
    assert 1.0 < seconds < 600.0
    assert 100e6 < peak < 2e9
    assert (tmp_path / "command" / "walking_stab_crop.mp4").exists()


def test_images_cannot_be_transcoded(walk, tmp_path):
    frames = walk / "frames"
    frames.mkdir()
    for index, picture in enumerate(read_frames(walk / "walking.mp4")):
        cv2.imwrite(str(frames / f"{index:04d}.png"), picture)
    for log in walk.glob("walking_*.txt"):
        log.rename(log.with_name(log.name.replace("walking", "frames")))
    with pytest.raises(InputError, match="frames: is a folder of images; give a video file"):
        pipeline.measure(frames, "gyro_only")


def test_a_repeated_clip_has_the_times_and_the_motion_of_its_parts(walk, tmp_path):
    short, long = load_clip(walk), load_clip(repeat(walk / "walking.mp4", tmp_path / "long", 3))
    assert long.frame_count == 90
    np.testing.assert_array_equal(np.diff(long.video.time_ns) // 1_000_000, 33)
    turns = [np.diff(clip.sensors.gyro.quaternion[:400], axis=0) for clip in (short, long)]
    np.testing.assert_allclose(turns[0], turns[1])
    for log in (long.sensors.gyro.time_ns, long.sensors.ois.time_ns):
        steps = np.diff(log)
        assert steps.min() == steps.max()
