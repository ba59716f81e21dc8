"""The command line as a person meets it: what it makes, what it says, and how it refuses."""

import errno
import io
import logging
import os
import pty
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import typer
from rich.console import Console

from dvs_jax import camera_path, cli, flow, metrics, plots, smoothing, synthetic, video
from dvs_jax.cli import printing, stabilize, tracking
from dvs_jax.metrics import Metrics, MetricsTable
from dvs_jax.video import probe

from .run import Run

QUICK = ("--preset", "ultrafast", "--no-metrics")


@pytest.fixture(autouse=True)
def quick_results(monkeypatch):
    """The plot and the metrics, which take longest, have tests of their own."""
    table = MetricsTable(*([Metrics(30, *([0.5] * 14))] * 2))
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))
    monkeypatch.setattr(metrics, "measure", lambda _, outputs, **__: [*outputs] and table)


@pytest.fixture
def walk(walk: Path) -> Path:
    """The clip with its camera's description, so that nothing is missing."""
    (walk / "camera.toml").write_text("fov = 1.27\n")
    return walk


def edit(log: Path, change: Callable[[list[str]], list[str]]) -> None:
    log.write_text("\n".join(change(log.read_text().splitlines())) + "\n")


def replace_line(number: int, text: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[: number - 1], text, *lines[number:]]


def start_gyro_with_video(walk: Path) -> None:
    """Let gyro time count from the first frame, as it must without a frame log."""
    gyro = np.loadtxt(walk / "walking_gyro.txt")
    gyro[:, 0] -= 83_000_000
    np.savetxt(walk / "walking_gyro.txt", gyro)


# What the commands make.


def test_stabilize_makes_what_it_says(dvs, walk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = dvs("stabilize", walk, "--preset", "ultrafast", "--metrics")
    assert run.code == 0
    named = re.findall(r": (out/\S+)", run.out)
    made = sorted(f"out/{file.name}" for file in (tmp_path / "out").iterdir())
    assert sorted(named) == made
    assert len(made) == 5
    assert "Stability, translation" in run.out
    assert "keeps " in run.out
    assert run.err == (
        "note: out: the videos, the path and its plot are written; the metrics follow\n"
    )


def test_stabilize_passes_its_options_on(dvs, walk, tmp_path):
    run = dvs(
        *("stabilize", walk / "walking.mp4", "-o", tmp_path / "a b", "--crop", "0.05"),
        *("--smoother", "gaussian", "--border", "reflect", "--crf", "40", "--uncropped", *QUICK),
        *("--framing", "fixed"),
    )
    assert (run.code, run.err) == (0, "")
    assert "metrics" not in run.out
    assert "(keeps 88% of each side)" in run.out
    assert dvs("stabilize", walk, "-o", tmp_path / "other", "--uncropped", *QUICK).code == 0
    gaussian, adaptive = (
        camera_path.read(tmp_path / folder / "walking.txt").quaternion
        for folder in ("a b", "other")
    )
    assert np.abs(gaussian - adaptive).max() > 1e-4
    coarse, fine = (
        (tmp_path / folder / "walking_stab.mp4").stat().st_size for folder in ("a b", "other")
    )
    assert coarse < 0.5 * fine
    first = next(video.read_frames(tmp_path / "a b" / "walking_stab.mp4"))
    assert first.min(axis=-1).max(axis=0).min() > 16


def test_demo_makes_a_clip_and_stabilises_it(dvs, tmp_path, monkeypatch):
    described = synthetic.SyntheticClip
    monkeypatch.setattr(
        synthetic, "SyntheticClip", lambda size, **rest: described(size=(192, 108), **rest)
    )
    for _ in range(2):
        run = dvs("demo", "--out", tmp_path / "demo", "--seconds", "1")
        assert run.code == 0
        assert f"clip: {tmp_path}/demo/clip/walking.mp4" in run.out
        assert f"cropped video: {tmp_path}/demo/result/walking_stab_crop.mp4" in run.out
        assert "Rotation jitter" in run.out
    assert probe(tmp_path / "demo" / "result" / "walking_stab_crop.mp4").frame_count == 30


def test_synthesize_makes_a_clip_that_can_be_stabilised(dvs, tmp_path):
    options = "--motion panning --scene distant --seconds 0.5 --width 128 --height 72 --no-ois"
    run = dvs("synthesize", tmp_path / "clip", *options.split(), "--frame-rate", 24, "--seed", 5)
    assert (run.code, run.err) == (0, "")
    assert run.out == f"            clip: {tmp_path}/clip/panning.mp4\n"
    info = probe(tmp_path / "clip" / "panning.mp4")
    assert (info.width, info.height, info.frame_count, info.frame_rate) == (128, 72, 12, 24)
    assert not (tmp_path / "clip" / "panning_ois.txt").exists()
    assert dvs("stabilize", tmp_path / "clip", "-o", tmp_path / "out", *QUICK).code == 0


def test_synthesize_writes_the_exact_flow_that_stabilize_uses(dvs, golden, tmp_path, monkeypatch):
    folder, model = tmp_path / "clip", golden / "dvs" / "random.checkpoint"
    options = ["--motion", "walking", "--seconds", "0.3", "--width", "128", "--height", "72"]
    assert dvs("synthesize", folder, *options, "--flow").code == 0
    described = synthetic.SyntheticClip("walking", duration_s=0.3, size=(128, 72))
    recording = synthetic.record(described)
    written = flow.FlowFolder(folder)
    assert len(written) == 8
    for index in range(8):
        forward, visible = synthetic.flow_between(recording, index, index + 1)
        backward, _ = synthetic.flow_between(recording, index + 1, index)
        assert forward.shape == (18, 32, 2) and visible.mean() > 0.7
        np.testing.assert_array_equal(written.read(index).forward, forward)
        np.testing.assert_array_equal(written.read(index).backward, backward)
    monkeypatch.setattr(flow, "estimate", lambda *_, **__: pytest.fail("flow lies there"))
    run = dvs("stabilize", folder, "-o", tmp_path / "out", "--model", model, *QUICK)
    assert run.code == 0
    # Without the option none of it may stay beside another clip.
    assert dvs("synthesize", folder, *options, "--seed", 1).code == 0
    assert len(written) == 0


def test_convert_makes_a_model_that_stabilize_takes(dvs, golden, walk, tmp_path):
    official = golden / "dvs" / "random.checkpoint"
    run = dvs("convert", official, tmp_path / "dvs")
    assert (run.code, run.err) == (0, "")
    assert run.out == f"      checkpoint: {tmp_path}/dvs\n"
    paths = []
    for model in (official, tmp_path / "dvs"):
        run = dvs("stabilize", walk, "-o", tmp_path / "out", "--model", model, *QUICK)
        assert run.code == 0
        assert len(run.lines("note")) == len(run.err.splitlines()) == 1
        assert "optical flow: " in run.err
        paths.append((tmp_path / "out" / "walking.txt").read_bytes())
    assert paths[0] == paths[1]


def test_flow_fills_the_cache_and_goes_on_where_it_stopped(dvs, walk):
    run = dvs("flow", walk, "--estimator", "dis")
    assert (run.code, run.err) == (0, "")
    assert f"flow: {walk.absolute()}/flo by dis" in run.out
    for folder in ("flo", "flo_back"):
        assert len(list((walk / folder).glob("*.flo"))) == 29
    first = (walk / "flo/00000.flo").stat().st_mtime_ns
    lost = walk / "flo/00028.flo"
    before = lost.read_bytes()
    lost.unlink()
    assert dvs("flow", walk / "walking.mp4", "--estimator", "dis").code == 0
    assert lost.read_bytes() == before
    assert (walk / "flo/00000.flo").stat().st_mtime_ns == first


def test_flow_needs_no_logs_and_knows_its_formats(dvs, walk):
    (walk / "walking_gyro.txt").unlink()
    run = dvs("flow", walk, "--format", ".npz")
    assert run.code == 0
    assert run.lines("note") == ["note: optical flow: dis"]
    assert (walk / "flo/00028.npz").is_file()


def test_convert_tells_raft_from_dvs(dvs, published_models, tmp_path):
    run = dvs("convert", published_models / "raft-small.pth", tmp_path / "raft")
    assert (run.code, run.err) == (0, "")
    assert flow.create(weights=tmp_path / "raft").name == "raft"


def test_evaluate_prints_a_table_and_writes_the_numbers(dvs, walk, tmp_path):
    run = dvs("evaluate", walk, tmp_path / "nowhere", "-o", tmp_path / "out", "--no-measure")
    assert run.code == 0
    assert "gaussian, whole" in run.out and "Picture" not in run.out
    assert f"numbers: {tmp_path / 'out' / 'evaluation.json'}" in run.out
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "evaluation.json",
        "evaluation.png",
    ]
    (warning,) = run.lines("warning")
    assert "nowhere: no such video or folder" in warning


def test_evaluate_measures_the_pictures_unless_told_not_to(dvs, walk, monkeypatch):
    row = Metrics(30, *([0.25] * 14))
    # Eleven smoothers, of three kinds, and the two networks that are shipped, each in two ways.
    monkeypatch.setattr(metrics, "measure_each", lambda frames, *_: (row, [row] * 15))
    run = dvs("evaluate", walk)
    assert (run.code, run.err.strip()) == (0, "note: optical flow: dis")
    assert "Picture" in run.out
    assert run.out.count("0.2500") == 16


# Help.


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


def test_the_smoothers_on_offer_are_those_there_are():
    assert get_args(stabilize.Smoothers) == tuple(smoothing.SMOOTHERS)
    assert get_args(stabilize.Presets) == video.PRESETS


def test_the_range_of_the_crop_is_the_librarys(dvs, walk, tmp_path):
    assert dvs("stabilize", walk, "-o", tmp_path / "out", "--crop", 0.45, *QUICK).code == 0
    assert dvs("stabilize", walk, "-o", tmp_path / "out", "--crop", 0.451, *QUICK).code == 2
    for crop, code in ((0.005, 0), (0.0049, 2), (0.45, 0), (0.451, 2)):
        assert dvs("evaluate", walk, "--no-measure", "--crop", crop).code == code


# Input that cannot be used.


def truncate_video(walk: Path, share: float) -> None:
    data = (walk / "walking.mp4").read_bytes()
    first_frame = data.find(b"mdat") + 4
    length = first_frame + round(share * (len(data) - first_frame))
    (walk / "walking.mp4").write_bytes(data[:length])


GYRO, FRAME, OIS, VIDEO = (
    f"walking{ending}" for ending in ("_gyro.txt", "_frame.txt", "_ois.txt", ".mp4")
)

BAD_CLIPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no gyro log": (
        lambda walk: (walk / GYRO).unlink(),
        "no gyro log for walking.mp4.*walking_gyro.csv.*t_s,wx,wy,wz",
    ),
    "an empty gyro log": (
        lambda walk: (walk / GYRO).write_text("\n"),
        f"{GYRO}: the log is empty",
    ),
    "an empty OIS log": (lambda walk: (walk / OIS).write_text(""), f"{OIS}: the log is empty"),
    "a missing column": (
        lambda walk: edit(walk / GYRO, replace_line(7, "83000000 0.1 0.2")),
        f"{GYRO}, line 7: 3 columns where 4",
    ),
    "text": (
        lambda walk: edit(walk / GYRO, replace_line(8, "83000000 0.1 O.2 0.3")),
        f"{GYRO}, line 8: 'O.2' is not a number",
    ),
    "NaN": (
        lambda walk: edit(walk / OIS, replace_line(9, "0.5 nan 83000000000")),
        f"{OIS}, line 9: nan is no possible reading",
    ),
    "infinity": (
        lambda walk: edit(walk / FRAME, replace_line(10, "83300000000 8000000 0 inf 833")),
        f"{FRAME}, line 10: inf is no possible reading",
    ),
    "time running backwards": (
        lambda walk: edit(walk / GYRO, lambda lines: [*lines[:20], *lines[:20]]),
        f"{GYRO}, line 21: time runs backwards",
    ),
    "frames that do not advance": (
        lambda walk: edit(walk / FRAME, lambda lines: [*lines[:5], *lines[4:]]),
        f"{FRAME}, line 6: time does not advance",
    ),
    "logs that do not overlap": (start_gyro_with_video, f"{GYRO}: .*they do not overlap"),
    "a binary log": (
        lambda walk: shutil.copy(walk / VIDEO, walk / GYRO),
        f"{GYRO}: not a text file",
    ),
    "two gyro logs": (
        lambda walk: shutil.copy(walk / GYRO, walk / "walking_gyro.csv"),
        "several gyro logs .walking_gyro.csv, walking_gyro.txt.; keep one",
    ),
    "a wrong camera description": (
        lambda walk: (walk / "camera.toml").write_text("fov = 0"),
        "camera.toml: fov = 0; it must be a number from",
    ),
    "no video": (lambda walk: (walk / VIDEO).unlink(), "walk: holds no video"),
    "two videos": (
        lambda walk: shutil.copy(walk / VIDEO, walk / "again.mp4"),
        r"several videos \(again.mp4, walking.mp4\); name the one you mean",
    ),
    "an empty video": (lambda walk: (walk / VIDEO).write_bytes(b""), f"{VIDEO}: cannot be read"),
    "a video without frames": (lambda walk: truncate_video(walk, 0.0), f"{VIDEO}: not one frame"),
    "a text file for a video": (
        lambda walk: (walk / VIDEO).write_text("no video\n" * 50),
        f"{VIDEO}: ",
    ),
}


def assert_refused(run: Run, complaint: str) -> None:
    """One line that says what is wrong, and nothing else."""
    assert run.code == 2
    assert run.out == ""
    assert re.fullmatch(f"error: .*{complaint}.*\n", run.err), run.err


@pytest.mark.parametrize("kind", list(BAD_CLIPS))
def test_a_clip_that_cannot_be_used_is_refused_in_one_line(dvs, walk, tmp_path, kind):
    spoil, complaint = BAD_CLIPS[kind]
    spoil(walk)
    assert_refused(dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK), complaint)
    assert not (tmp_path / "out").exists()


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


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("stabilise walk", "No such command 'stabilise'.*--help"),
        ("stabilize", "Missing argument 'clips'; see .*stabilize --help"),
        ("stabilize walk --cropp 0.1", "--cropp"),
        ("stabilize walk --crop 0.6", "'--crop': .*0.45"),
        ("stabilize walk --crop wide", "'--crop': "),
        ("stabilize walk --smoother kalman", "'--smoother': .*'kalman'.*'adaptive'"),
        ("stabilize walk --preset sluggish", "'--preset': .*'sluggish'"),
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


def test_a_full_disk_is_one_line_and_leaves_nothing(dvs, walk, tmp_path, monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (1_000, 100_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            run = dvs("stabilize", walk, "-o", tmp_path / "out", "--crf", 0, *QUICK)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert_refused(run, "File too large")
        assert list((tmp_path / "out").iterdir()) == []

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", fail)
    assert_refused(dvs("stabilize", walk, "-o", tmp_path / "new", *QUICK), "Read-only file system")


# Input that can be used, with something lost.


def slow_gyro(walk: Path) -> None:
    edit(walk / GYRO, lambda lines: lines[::10])


def short_gyro(walk: Path) -> None:
    edit(walk / GYRO, lambda lines: [line for line in lines if int(line.split()[0]) < 83_500_000])


@pytest.mark.parametrize(
    ("spoil", "warning", "count"),
    [
        (short_gyro, "the log ends before 15 of 30 frames do; the camera counts as still", 30),
        (slow_gyro, "40 samples a second; below 100, shake between the samples goes unseen", 30),
        (
            lambda walk: edit(walk / FRAME, lambda lines: lines[:20]),
            "20 frames in the log, 30 in the video; only the first 20 are used",
            20,
        ),
        (
            lambda walk: shutil.copy(walk / VIDEO, walk / VIDEO[:-4]) and truncate_video(walk, 0.7),
            "is cut off or damaged; ",
            None,
        ),
        (
            lambda walk: edit(walk / GYRO, lambda lines: [*lines[:50], lines[49], *lines[50:]]),
            "dropped 1 samples that repeat a time",
            30,
        ),
    ],
)
def test_a_clip_with_a_flaw_is_stabilised_with_a_warning(
    dvs, walk, tmp_path, spoil, warning, count
):
    spoil(walk)
    run = dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK)
    assert run.code == 0
    assert run.err.count(warning) == 1
    # The network says besides for how many frames it cannot look ahead.
    said = [line for line in run.err.splitlines() if "the network looks 400 ms ahead" not in line]
    assert len(run.lines("warning")) == len(said) <= 2
    frames = probe(tmp_path / "out" / "walking_stab_crop.mp4").frame_count
    assert frames == len(camera_path.read(tmp_path / "out" / "walking.txt"))
    assert frames == count if count else 15 < frames < 30


LOST = {
    "OIS log": "no OIS log; shifts of the lens, if there were any, stay",
    "frame log": "no frame log; the video's own timestamps stand in",
    "camera.toml": "no camera.toml; assuming a fov of 1.27",
}


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"camera.toml", FRAME, OIS}, set()),
        ({FRAME, OIS}, {"camera.toml"}),
        ({"camera.toml", FRAME}, {"OIS log"}),
        ({"camera.toml", OIS}, {"frame log"}),
        ({"camera.toml"}, {"OIS log", "frame log"}),
        (set(), {"OIS log", "frame log", "camera.toml"}),
    ],
)
def test_each_missing_sensor_is_said_once_with_what_is_lost(dvs, walk, tmp_path, there, said):
    for name in {FRAME, OIS, "camera.toml"} - there:
        (walk / name).unlink()
    if FRAME not in there:
        start_gyro_with_video(walk)
        if OIS in there:
            ois = np.loadtxt(walk / OIS)
            ois[:, 2] -= 83_000_000_000
            np.savetxt(walk / OIS, ois)
    for _ in range(2):
        run = dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK)
        assert run.code == 0
        assert len(run.err.splitlines()) == len(said)
        # The logs are laid out as the released data's, so its camera is no guess.
        assert len(run.lines("note")) == ("camera.toml" in said)
        assert len(run.lines("warning")) == len(said - {"camera.toml"})
        assert all(run.err.count(LOST[sensor]) == 1 for sensor in said)
    assert probe(tmp_path / "out" / "walking_stab_crop.mp4").frame_count == 30


# How it looks.


@pytest.mark.parametrize(
    "name", ["my walk (1)", "прогулка 散歩", "[red]a:warning:b[/red] $HOME & ;"]
)
def test_names_are_shown_as_they_are(dvs, walk, tmp_path, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "20")
    folder = walk.rename(tmp_path / name.replace("/", ""))
    (folder / VIDEO).rename(folder / f"{folder.name}.mp4")
    out = tmp_path / f"{folder.name} out"
    run = dvs("stabilize", folder, "-o", out, *QUICK)
    assert run.code == 0
    assert f"cropped video: {out}/{folder.name}_stab_crop.mp4 (keeps" in run.out
    (folder / GYRO).write_text("1 2 3 4\n1 2 3\n")
    run = dvs("stabilize", folder, "-o", out, *QUICK)
    assert_refused(run, re.escape(f"{folder}/{GYRO}, line 2: 3 columns"))


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


def test_a_refusal_is_one_line_on_a_narrow_terminal(tmp_path):
    missing = f"{tmp_path}/{'a long name ' * 10}.mp4"
    for environment in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        printed = terminal_run(["stabilize", missing], environment)
        assert printed == f"error: {missing}: no such video or folder\r\n"


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


def test_an_interrupt_ends_at_once_and_leaves_nothing(dvs, walk, tmp_path, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(video.VideoWriter, "write_picture", interrupt)
    run = dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK)
    assert (run.code, run.out, run.err) == (130, "", "interrupted\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_bars_show_frames_per_second_and_the_time_left(dvs, walk, tmp_path, monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(printing, "err", console)
    assert dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK[:2], "--metrics").code == 0
    for label in ("stabilising", "measuring"):
        assert re.search(rf" {label} ━+ 30/30 \d+\.\d frames/s 0:00:0\d", screen.getvalue())
    assert "-:--:--" in screen.getvalue()


def test_a_bar_tells_the_time_left_while_it_runs(monkeypatch):
    now, screen = [0.0], io.StringIO()
    console = Console(file=screen, width=80, color_system=None, get_time=lambda: now[0])
    monkeypatch.setattr(printing, "err", console)
    bar = tracking.bar()
    task = bar.add_task("warping", total=100)
    for _ in range(20):
        now[0] += 0.5
        bar.advance(task)
    console.print(bar.get_renderable())
    assert "20/100 2.0 frames/s 0:00:40" in screen.getvalue()


def test_bars_are_for_terminals_only(dvs, walk, tmp_path):
    assert dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK).err == ""


def test_a_warning_that_every_reading_repeats_is_said_once(dvs, walk, tmp_path, monkeypatch):
    def complaining(read):
        def reading(path: Path):
            logging.getLogger("dvs_jax").warning("%s: 3 frames could not be decoded", path.name)
            return read(path)

        return reading

    for name in ("read_frames", "read_pictures"):
        monkeypatch.setattr(video, name, complaining(getattr(video, name)))
    run = dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK[:2], "--metrics")
    assert run.err.count(f"warning: {VIDEO}: 3 frames could not be decoded\n") == 1
