"""The stages together: what they make, what they need, and what a kill leaves."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from flax import nnx

from dvs_jax import plots, video
from dvs_jax.benchmarks.process import run_alone
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.stabilization.run import stabilize
from dvs_jax.stages import Stages
from dvs_jax.synthetic.repetition import repeat


@pytest.fixture
def by_flow() -> FusedNetwork:
    layers = (FullyConnected(4),)
    small = Architecture(lstm=(16,), fully_connected=layers, fusion=8, flow_size=(48, 27))
    network = FusedNetwork(small, nnx.Rngs(0))
    network.eval()
    return network


@pytest.mark.slow
@pytest.mark.parametrize("framing", ["fixed", "varying", "smallest"])
def test_overlapping_stages_make_the_very_file_that_a_sequence_of_them_makes(
    walk, tmp_path, monkeypatch, by_flow, framing
):
    clip = load_clip(walk)
    options = {"framing": framing, "uncropped": True}
    overlapping = stabilize(clip, tmp_path / "overlapping", by_flow, **options)
    monkeypatch.setattr(Stages, "run", lambda self, name, items: iter(items))
    sequential = stabilize(clip, tmp_path / "sequential", by_flow, **options)
    for name in ("cropped", "uncropped", "trajectory"):
        one, other = (getattr(report, name).read_bytes() for report in (overlapping, sequential))
        assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["decoding", "finding the path", "warping"])
def test_an_error_in_any_stage_leaves_nothing_and_names_it(
    walk, tmp_path, monkeypatch, by_flow, stage
):
    run = Stages.run

    def failing(items):
        for index, item in enumerate(items):
            if index == 20:
                raise InputError("walking.mp4: is damaged")
            yield item

    def run_failing(self, name, items):
        return run(self, name, failing(items) if name == stage else items)

    monkeypatch.setattr(Stages, "run", run_failing)
    with pytest.raises(InputError, match=f"^walking.mp4: is damaged .while {stage}.$"):
        stabilize(load_clip(walk), tmp_path / "out", by_flow)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_names_the_encoding(walk, tmp_path, monkeypatch):
    def no_space(*_: object) -> None:
        raise InputError("out: cannot be written: No space left on device")

    monkeypatch.setattr(video.VideoWriter, "write_picture", no_space)
    with pytest.raises(InputError, match=r"No space left on device \(while encoding\)$"):
        stabilize(load_clip(walk), tmp_path / "out")


def command(clip: Path, out: Path, *options: str) -> list[str]:
    begin = [sys.executable, "-m", "dvs_jax", "stabilize", str(clip), "--out", str(out)]
    return [*begin, "--encoder-preset", "ultrafast", *options]


@pytest.mark.slow
def test_a_kill_leaves_no_broken_file_under_a_final_name(walk, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))
    long, out = repeat(walk / "walking.mp4", tmp_path / "long", 100), tmp_path / "out"
    stabilize(load_clip(walk), out, smoother="gaussian")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    with subprocess.Popen(command(long, out, "--smoother", "gaussian")) as process:
        # Written to, but far from complete: the last thing a run does is to name its files.
        while process.poll() is None and not any(
            part.stat().st_size > 0 for part in out.glob(".unfinished-*/.*.part")
        ):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    after = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    assert before.items() <= after.items()
    assert all(name.startswith(".unfinished-") for name in after.keys() - before.keys())
    stabilize(load_clip(walk), out, smoother="gaussian")
    assert {file.name for file in out.iterdir()} == before.keys()


@pytest.mark.slow
def test_a_long_video_takes_the_memory_of_a_short_one_and_keeps_its_times(walk, tmp_path, by_flow):
    weights.save(by_flow, tmp_path / "model")
    options = ("--model", str(tmp_path / "model"), "--framing", "fixed")
    peaks = []
    # What is tried to find the strength grows up to some length, and is small.
    for times in (20, 120):
        folder = tmp_path / str(times)
        long = repeat(walk / "walking.mp4", folder, times)
        # The first run of a length compiles, which takes up to 200 MB; the second loads that.
        peaks.append(min(run_alone(command(long, folder / "out", *options))[1] for _ in range(2)))
        made = video.probe(folder / "out" / "walking_stab_crop.mp4")
        assert made.frame_count == 30 * times
        np.testing.assert_array_equal(made.time_ns, video.probe(long).time_ns)
    # The pictures of the longer one would take 94 MB more, its flow 140. How full the bounded
    # queues are depends on the machine's load.
    assert peaks[0] > 100_000_000 and peaks[1] - peaks[0] < 60_000_000
