"""A queue of clips: failures, notes of what is done, and going on from them."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from rich.console import Console

from dvs_jax.clip import Clip, recorded
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, FlowPair
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.stabilization.batch import Job, Outcome, one_by_one, run, table
from dvs_jax.stabilization.run import Report
from tests.sensors.test_lens_profile import PROFILE

SETTINGS = {"crop": 0.1, "model": "gyro_only"}


class Stabilizer:
    """Writes a few bytes for each result, and counts what it was asked for."""

    def __init__(self) -> None:
        self.clips: list[str] = []

    def __call__(self, clip: Clip, folder: Path) -> Report:
        recorded(clip)
        self.clips.append(clip.name)
        folder.mkdir(parents=True, exist_ok=True)
        names = ("path.txt", "plot.jpg", "uncropped.mp4", "cropped.mp4")
        for name in names:
            (folder / name).write_text(clip.name)
        return Report(*(folder / name for name in names), kept=0.9, explained=1.0)


@pytest.fixture
def jobs(walk, tmp_path) -> list[Job]:
    """Three clips of which the second has no gyro log."""
    copies = [walk, *(Path(shutil.copytree(walk, tmp_path / name)) for name in ("b", "c"))]
    (tmp_path / "b" / "walking_gyro.txt").unlink()
    return [Job(clip, tmp_path / "out" / clip.name) for clip in copies]


@pytest.fixture
def stabilizer() -> Stabilizer:
    return Stabilizer()


def states(jobs: list[Job], stabilizer: Stabilizer, settings=SETTINGS, resume=True) -> list[str]:
    outcomes = {each.job: each for each in run(jobs, one_by_one(stabilizer), settings, resume)}
    return [outcomes[job].state for job in jobs]


def test_a_failed_clip_is_told_and_stops_no_other(jobs, stabilizer):
    outcomes = list(run(jobs, one_by_one(stabilizer), SETTINGS, resume=False))
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "done"]
    assert "gyro" in outcomes[1].error
    assert (outcomes[0].frames, outcomes[2].frames) == (30, 30)
    assert outcomes[0].report.cropped.read_text() == "walking"


@pytest.mark.parametrize("error", [InputError("the disk is full"), ZeroDivisionError("a slip")])
def test_whatever_goes_wrong_is_told_in_one_line(jobs, error):
    def fails(clip: Clip, folder: Path) -> Report:
        raise error

    outcomes = list(run(jobs, one_by_one(fails), SETTINGS, resume=False))
    assert [outcome.state for outcome in outcomes] == ["failed"] * 3
    assert str(error) in outcomes[0].error
    assert "\n" not in outcomes[0].error
    assert not (jobs[0].folder).exists()


def test_an_interrupt_stops_all_and_what_was_done_stays_done(jobs, stabilizer):
    def interrupted(clip: Clip, folder: Path) -> Report:
        if stabilizer.clips:
            raise KeyboardInterrupt
        return stabilizer(clip, folder)

    with pytest.raises(KeyboardInterrupt):
        list(run(jobs, one_by_one(interrupted), SETTINGS, resume=True))
    assert states(jobs, stabilizer) == ["skipped", "failed", "done"]


def test_what_is_finished_is_skipped_where_that_is_wanted(jobs, stabilizer):
    assert states(jobs, stabilizer) == ["done", "failed", "done"]
    assert states(jobs, stabilizer) == ["skipped", "failed", "skipped"]
    assert states(jobs, stabilizer, resume=False) == ["done", "failed", "done"]


def test_other_settings_begin_anew(jobs, stabilizer):
    states(jobs, stabilizer)
    assert states(jobs, stabilizer, SETTINGS | {"crop": 0.2}) == ["done", "failed", "done"]


@pytest.mark.parametrize("file", ["walking.mp4", "walking_gyro.txt", "camera.toml"])
def test_another_video_or_log_begins_anew(jobs, stabilizer, file):
    states(jobs, stabilizer)
    changed = jobs[0].clip / file
    if changed.exists():
        os.utime(changed, ns=(1, 1))
    else:
        changed.write_text("fov = 1.27\n")
    assert states(jobs, stabilizer) == ["done", "failed", "skipped"]


def test_another_lens_profile_begins_anew(jobs, stabilizer):
    profile = jobs[0].clip / "wide.json"
    profile.write_text(json.dumps(PROFILE))
    (jobs[0].clip / "camera.toml").write_text('lens = "wide.json"')
    assert states(jobs[:1], stabilizer) == ["done"]
    assert states(jobs[:1], stabilizer) == ["skipped"]
    profile.write_text(json.dumps(PROFILE | {"frame_readout_time": 12.5}))
    assert states(jobs[:1], stabilizer) == ["done"]


def test_other_flow_begins_anew(jobs, stabilizer):
    states(jobs, stabilizer)
    flow = FlowFolder(jobs[0].clip)
    flow.write(0, FlowPair(*np.zeros((2, 8, 8, 2), np.float32)))
    assert states(jobs, stabilizer) == ["done", "failed", "skipped"]
    os.utime(flow.backward_path(0), ns=(1, 1))
    assert states(jobs, stabilizer) == ["done", "failed", "skipped"]
    assert states(jobs, stabilizer) == ["skipped", "failed", "skipped"]


def test_results_that_are_gone_or_cut_short_are_made_again(jobs, stabilizer):
    states(jobs, stabilizer)
    (jobs[0].folder / "cropped.mp4").write_text("wal")
    assert states(jobs, stabilizer) == ["done", "failed", "skipped"]
    (jobs[2].folder / "plot.jpg").unlink()
    assert states(jobs, stabilizer) == ["skipped", "failed", "done"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"results": 3}',
        '{"results": {"a": 1}}',
        '{"results": {"\\u0000": 1}}',
        "[" * 100_000,
        "1" * 5000,
    ],
)
def test_a_damaged_note_counts_as_none(jobs, stabilizer, content):
    states(jobs, stabilizer)
    (jobs[0].folder / "walking_run.json").write_text(content)
    assert states(jobs, stabilizer) == ["done", "failed", "skipped"]


def test_the_note_names_the_settings_and_every_result(jobs, stabilizer):
    states(jobs, stabilizer)
    noted = json.loads((jobs[0].folder / "walking_run.json").read_text())
    assert noted["settings"] == SETTINGS
    assert noted["results"] == dict.fromkeys(
        ("path.txt", "plot.jpg", "uncropped.mp4", "cropped.mp4"), len("walking")
    )


def test_a_network_with_other_weights_has_another_digest():
    architecture = Architecture(flow=False, lstm=(4,))
    one, same, other = (FusedNetwork(architecture, nnx.Rngs(seed)) for seed in (0, 0, 1))
    assert weights.digest(one) == weights.digest(same) != weights.digest(other)


def test_the_table_tells_of_every_clip(jobs):
    outcomes = [
        Outcome(jobs[0], "done", frames=300, seconds=20.0),
        Outcome(jobs[1], "failed", error="no gyro log"),
        Outcome(jobs[2], "skipped"),
    ]
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table.render(outcomes))
    text = captured.get()
    assert "3 clips: 1 done, 1 skipped, 1 failed" in text
    assert "300 │    20.0 │     15.0" in text
    assert "no gyro log" in text
