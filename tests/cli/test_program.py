"""The program as a whole: its help, what it refuses, and how it ends."""

import os
import pty
import subprocess
import sys
from importlib import metadata

import cv2
import numpy as np
import pytest
import typer

import dvs_jax
from dvs_jax import cli, video

from .run import OIS, QUICK, VIDEO, assert_refused


def commands() -> dict[str, object]:
    return typer.main.get_command(cli.app).commands


def test_help_lists_every_command(dvs):
    for arguments in ((), ("--help",)):
        run = dvs(*arguments)
        assert (run.code, run.err) == (0, "")
        for name in ("stabilize", "demo", "synthesize", "flow", "convert", "benchmark"):
            assert name in run.out
            assert name in commands()


@pytest.mark.parametrize(
    "name", ["stabilize", "demo", "synthesize", "evaluate", "convert", "benchmark"]
)
def test_the_help_of_a_command_explains_everything(dvs, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "300")
    run = dvs(name, "--help")
    assert run.code == 0
    for parameter in commands()[name].params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert option in run.out
        if parameter.name != "help":
            assert parameter.help
            assert parameter.help.split(".")[0] in run.out


@pytest.mark.slow
def test_what_else_cannot_be_used_is_refused_in_one_line(dvs, walk, tmp_path):
    file, other = tmp_path / "a file", tmp_path / "other"
    file.write_text("no checkpoint")
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    long = "x" * 300
    for arguments, complaint in (
        (("stabilize", tmp_path / "nowhere"), "nowhere: no such video or folder"),
        (("stabilize", "two\nlines.mp4"), "two lines.mp4: no such video or folder"),
        (("stabilize", long), "x: cannot be read .File name too long"),
        (("stabilize", walk, "-o", file), "a file: is a file, not a folder"),
        (("stabilize", walk, "-o", file / "out"), "a file/out: cannot be made: Not a directory"),
        (("stabilize", walk, "-o", tmp_path / long), "File name too long"),
        (("stabilize", walk, "--model", "best"), "no weights are named 'best'"),
        (("stabilize", walk, "--model", file), "a file: "),
        (("stabilize", walk, "--model", other), "other: "),
        (("stabilize", walk, "--model", long), "File name too long"),
        (
            ("stabilize", walk, "--model", file, "--smoother", "gaussian"),
            "--model and --smoother both find the path; give one",
        ),
        (("stabilize", walk, "--crop", "nan"), "crop"),
        (("convert", tmp_path / "nowhere", tmp_path / "new"), "nowhere: no such file"),
        (("convert", file, tmp_path / "new"), "a file: "),
        (("flow", walk, "--estimator", "best"), "no flow estimator is called 'best'"),
        (("flow", walk, "--weights", file), "a file: "),
        (("flow", tmp_path / "nowhere"), "nowhere: no such video"),
        (("evaluate", walk, "-o", file), "a file: is a file, not a folder"),
        (("evaluate", walk, "--model", other), "other: "),
        (("evaluate", walk, "--crop", "nan"), "crop"),
        (("synthesize", other), "other: holds notes.txt already"),
        (("synthesize", file), "a file"),
        (("synthesize", tmp_path / "new", "--width", 191), "191 × 720: both sides must be even"),
        (("synthesize", tmp_path / "new", "--seconds", "nan"), "duration_s = nan"),
        (("synthesize", tmp_path / "new", "--seed", -1), "seed = -1"),
        (("demo", "--out", file), "a file/clip"),
    ):
        assert_refused(dvs(*arguments), complaint)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file", "other", "walk"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("stabilise walk", "No such command 'stabilise'.*--help"),
        ("stabilize", "Missing argument 'clips'; see .*stabilize --help"),
        ("stabilize walk --cropp 0.1", "--cropp"),
        ("stabilize walk --crop 0.6", "'--crop': .*0.45"),
        ("stabilize walk --crop wide", "'--crop': "),
        ("stabilize walk --smoother kalman", "'--smoother': .*'kalman'.*'adaptive'"),
        ("stabilize walk --encoder-preset sluggish", "'--encoder-preset': .*'sluggish'"),
        ("stabilize walk --crf 52", "'--crf': .*51"),
        ("evaluate", "Missing argument 'clips'"),
        ("evaluate nowhere", "no clip can be evaluated: nowhere: no such video"),
        ("synthesize clip --width 12.5", "'--width': "),
        ("demo --seconds 0", "'--seconds': "),
        ("convert a.checkpoint", "Missing argument 'out'"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_in_one_line(
    dvs, tmp_path, monkeypatch, arguments, complaint
):
    monkeypatch.chdir(tmp_path)
    assert_refused(dvs(*arguments.split()), complaint)
    assert list(tmp_path.iterdir()) == []


def terminal_run(arguments: list[str], environment: dict[str, str]) -> str:
    """What `python -m dvs_jax` prints on a terminal of 40 columns."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dvs_jax", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": "40", **environment},
    )
    os.close(slave)
    printed = b""
    while True:
        try:
            chunk = os.read(master, 4096)
        except OSError:
            break
        if not chunk:
            break
        printed += chunk
    os.close(master)
    assert process.wait() == 2
    return printed.decode()


@pytest.mark.slow
def test_a_refusal_is_one_line_on_a_narrow_terminal(tmp_path):
    missing = f"{tmp_path}/{'a long name ' * 10}.mp4"
    for environment in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        printed = terminal_run(["stabilize", missing], environment)
        assert printed == f"error: {missing}: no such video or folder\r\n"


@pytest.mark.slow
def test_a_refusal_is_one_line_in_a_pipe(walk):
    (walk / OIS).write_text("1 2 nan\n")
    for arguments in (["stabilize", walk, "--out", walk / "out"], ["stabilize", walk, "--croop"]):
        ended = subprocess.run(
            [sys.executable, "-m", "dvs_jax", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "20", "PYTHONIOENCODING": "ascii"},
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("error: ")
        assert ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_whole_run_in_a_process_of_its_own_prints_its_results_alone(walk):
    clip = walk / VIDEO
    cv2.imwrite(str(walk / "thumbnail.jpg"), np.zeros((4, 4, 3), np.uint8))
    ended = subprocess.run(
        [sys.executable, "-m", "dvs_jax", "stabilize", clip, "-o", walk / "результат", *QUICK],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"cropped video: {walk}/?????????/walking_stab_crop.mp4" in ended.stdout
    assert len(ended.stdout.splitlines()) == 3


@pytest.mark.slow
def test_an_interrupt_ends_at_once_and_leaves_nothing(dvs, walk, tmp_path, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(video.VideoWriter, "write_picture", interrupt)
    run = dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK)
    assert (run.code, run.out, run.err) == (130, "", "interrupted\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_version_and_the_public_names_can_be_asked_for(dvs):
    assert dvs_jax.__version__ == metadata.version("dvs-jax")
    assert dvs("--version").out == f"dvs-jax {dvs_jax.__version__}\n"
    assert dir(dvs_jax) == sorted(dvs_jax.__all__)
    assert all(getattr(dvs_jax, name) is not None for name in dir(dvs_jax))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_quiet_command_prints_nothing_but_warnings(dvs, walk, tmp_path, place):
    (walk / OIS).unlink()
    arguments = ("stabilize", walk, "-o", tmp_path / "out", "--smoother", "gaussian", *QUICK)
    run = dvs("-q", *arguments) if place == "before" else dvs(*arguments, "--quiet")
    assert (run.code, run.out) == (0, "")
    assert all(line.startswith("warning: ") for line in run.err.splitlines())
    loud = dvs(*arguments)
    assert "cropped video" in loud.out


@pytest.mark.slow
def test_a_talkative_command_says_more(dvs, walk, tmp_path):
    arguments = ("stabilize", walk, "-o", tmp_path / "out", "--model", "gyro_only", *QUICK)
    assert "strength" not in dvs(*arguments).err
    assert "note: walking: smoothed at strength" in dvs(*arguments, "-v").err
