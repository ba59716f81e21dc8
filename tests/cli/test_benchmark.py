"""`dvs-jax benchmark`: a command for each benchmark, and the same options for all."""

import json
import re

import cv2
import pytest
import typer

from dvs_jax import cli
from dvs_jax.benchmarks import flow, flow_accuracy, trajectory
from dvs_jax.flow.end_point_error import EndPointErrorReport

BENCHMARKS = (
    "trajectory",
    "pipeline",
    "frames-only",
    "train",
    "scaling",
    "loss-terms",
    "device",
    "flow",
    "flow-accuracy",
    "subject",
    "faults",
    "viewport",
)


@pytest.fixture
def measured(monkeypatch):
    """The trajectory's benchmark, without the measuring."""
    monkeypatch.setattr(trajectory, "measure", lambda: trajectory.report_of(0.5, 8.0))


def test_each_benchmark_has_a_command_that_can_write_and_draw(dvs):
    commands = typer.main.get_command(cli.app).commands["benchmark"].commands
    assert tuple(commands) == BENCHMARKS
    for name, command in commands.items():
        run = dvs("benchmark", name, "--help")
        assert (run.code, run.err) == (0, "")
        for parameter in command.params:
            for option in parameter.opts:
                assert option in run.out
        assert {"out", "plot"} <= {parameter.name for parameter in command.params}


def test_without_a_name_the_trajectory_is_measured(dvs, measured):
    run = dvs("benchmark")
    assert (run.code, run.err) == (0, "")
    assert "trajectory of 60 s at 30 frames/s" in run.out
    assert re.search(r"one clip +0\.50 +2\.00", run.out)
    assert re.search(r"batch of 64 +8\.00 +8\.00", run.out)
    assert "throughput of the batch against one by one: 4.00 ×" in run.out
    assert dvs("benchmark", "trajectory").out == run.out


def test_what_was_printed_is_written_and_drawn(dvs, measured, tmp_path):
    out, plot = tmp_path / "new" / "numbers.json", tmp_path / "speed.png"
    run = dvs("benchmark", "trajectory", "--out", out, "--plot", plot)
    assert (run.code, run.err) == (0, "")
    assert f"numbers: {out}\n" in run.out and f"picture: {plot}\n" in run.out
    written = json.loads(out.read_text())
    assert written["benchmark"] == "trajectory"
    assert written["tables"][0]["rows"][0] == {"clips": "one clip", "seconds": 0.5, "clips/s": 2.0}
    assert written["ratios"] == {"throughput of the batch against one by one": 4.0}
    assert cv2.imread(str(plot)).shape[1] == 900


def test_flow_says_how_raft_is_timed_too(dvs, monkeypatch):
    rows = [flow.Speed(name, "cpu", 25.0, 20.0) for name in ("dis", "tvl1")]
    monkeypatch.setattr(flow, "measure_speed", lambda estimators: iter(rows))
    run = dvs("benchmark", "flow")
    assert (run.code, run.err) == (0, "")
    assert re.search(r"dis\W+cpu\W+25\.00\W+20", run.out)
    assert "RAFT is timed too where --weights names its weights" in run.out


def test_the_accuracy_of_flow_is_a_table(dvs, monkeypatch):
    errors = EndPointErrorReport(0.278, 0.158, 0.049, 0.0017, 1000)
    monkeypatch.setattr(flow_accuracy, "hard_walk", dict)
    monkeypatch.setattr(flow_accuracy, "compare", lambda made: {made[0].name: errors})
    run = dvs("benchmark", "flow-accuracy")
    assert (run.code, run.err) == (0, "")
    assert re.search(r"dis\W+0\.158\W+0\.278\W+4\.90%\W+0\.17%", run.out)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("speed",), "No such command 'speed'"),
        (("flow", "--clips", "2"), "No such option: --clips"),
        (("trajectory", "walk"), "unexpected extra argument"),
        (("faults", "--clips", "0"), "'--clips'"),
        (("train", "--plot", "numbers.json"), "numbers.json: is no picture's name"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(dvs, arguments, complaint):
    run = dvs("benchmark", *arguments)
    assert (run.code, run.out) == (2, "")
    assert complaint in run.err and run.err.count("\n") == 1


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_folder_in_place_of_a_file_is_told_before_the_work(dvs, tmp_path, name):
    folder = tmp_path / "speed.png"
    folder.mkdir()
    for option, what in (("--out", "the numbers"), ("--plot", "the picture")):
        run = dvs("benchmark", name, option, folder)
        complaint = f"error: {folder}: is a folder; name a file for {what}\n"
        assert (run.code, run.err) == (2, complaint)
