"""`dvs-jax stabilize` with several clips, as a person meets it."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from dvs_jax import plots, stabilization, video
from dvs_jax.cli import main
from dvs_jax.stabilization import batch

QUICK = ("--encoder-preset", "ultrafast", "--no-metrics", "--smoother", "gaussian")


class Run(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def dvs(monkeypatch, capsys):
    """Runs `dvs-jax stabilize` with these arguments, in this process."""
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["dvs-jax", "stabilize", *map(str, arguments), *QUICK])
        with pytest.raises(SystemExit) as ended:
            main()
        return Run(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def trip(walk, tmp_path, monkeypatch) -> Path:
    """A folder with the clips one, two and three, of which two has no gyro log."""
    monkeypatch.chdir(tmp_path)
    (walk / "camera.toml").write_text("fov = 1.27\n")
    for name in ("one", "two", "three"):
        shutil.copytree(walk, tmp_path / "trip" / name)
    (tmp_path / "trip" / "two" / "walking_gyro.txt").unlink()
    return tmp_path / "trip"


def test_what_is_one_clips_is_not_many_clips(dvs, trip):
    for option, value in (("--sensors", "log.csv"), ("--frame-times", "times.txt")):
        run = dvs("trip/one", "trip/three", option, value)
        assert run.code == 2
        assert run.err.startswith(f"error: {option} {value}") and "name that clip alone" in run.err


def test_each_clip_has_its_folder_and_a_failed_one_is_named(dvs, trip):
    run = dvs("trip/one", "trip/two", "trip/three", "-o", "out")
    assert run.code == 1
    errors, said = run.err.splitlines()[1], [*run.err.splitlines()[:1], *run.err.splitlines()[2:]]
    assert errors.startswith("error: ") and "no gyro log" in errors
    assert said == [
        "1 of 3: trip/one: done",
        "2 of 3: trip/two: failed",
        "3 of 3: trip/three: done",
    ]
    assert "3 clips: 2 done, 1 failed" in run.out
    assert sorted(file.name for file in (trip.parent / "out" / "one").iterdir()) == [
        *("walking.jpg", "walking.txt", "walking_run.json"),
        "walking_stab_crop.mp4",
    ]
    assert not (trip.parent / "out" / "two").exists()


def test_on_devices_the_command_says_the_same(dvs, trip, monkeypatch):
    monkeypatch.setattr(batch, "devices_suit", lambda *_: True)
    run = dvs("trip/*", "-o", "out", "--uncropped")
    assert run.code == 1
    assert "3 clips: 2 done, 1 failed" in run.out
    for name in ("one", "three"):
        films = (trip.parent / "out" / name).glob("*.mp4")
        assert {video.probe(film).frame_count for film in films} == {30}
    assert "2 skipped" in dvs("trip/*", "-o", "out", "--uncropped", "--resume").out


@pytest.mark.slow
def test_a_quoted_pattern_is_expanded_and_resumed(dvs, trip):
    assert dvs("trip/*", "-o", "out").code == 1
    shutil.copy(trip / "one" / "walking_gyro.txt", trip / "two")
    run = dvs("trip/*", "-o", "out", "--resume")
    assert run.code == 0
    assert "3 clips: 1 done, 2 skipped" in run.out
    assert run.err.splitlines()[-1] == "3 of 3: trip/two: done"
    assert "3 clips: 3 done" in dvs("trip/*", "-o", "out", "--resume", "--crop", "0.2").out


def test_a_single_clip_can_be_resumed_too(dvs, trip):
    assert "1 done" in dvs("trip/one", "-o", "out", "--resume").out
    assert "1 skipped" in dvs("trip/one", "-o", "out", "--resume").out
    assert (trip.parent / "out" / "walking_stab_crop.mp4").exists()


def test_an_interrupt_keeps_what_is_finished(dvs, trip, monkeypatch):
    def interrupt(clip, *_, **__):
        raise KeyboardInterrupt

    assert dvs("trip/o*", "-o", "out").code == 0
    monkeypatch.setattr(stabilization, "stabilize_by", interrupt)
    run = dvs("trip/*", "-o", "out", "--resume")
    assert (run.code, run.out) == (130, "")
    assert run.err.splitlines()[-1] == "interrupted"


def test_a_pattern_without_a_match_is_refused_in_a_line(dvs, trip):
    run = dvs("trip/four*")
    assert (run.code, run.out) == (2, "")
    assert run.err == "error: trip/four*: no video and no folder matches this pattern\n"
