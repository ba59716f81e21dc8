"""`dvs-jax stabilize` as a person meets it: what it makes, what it says, and how it refuses."""

import errno
import os
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from dvs_jax import camera_path, smoothing, video
from dvs_jax.cli import stabilize
from dvs_jax.video import probe

from .run import FRAME, GYRO, OIS, QUICK, VIDEO, assert_refused, edit


def replace_line(number: int, text: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[: number - 1], text, *lines[number:]]


def start_gyro_with_video(walk: Path) -> None:
    """Let gyro time count from the first frame, as it must without a frame log."""
    gyro = np.loadtxt(walk / "walking_gyro.txt")
    gyro[:, 0] -= 83_000_000
    np.savetxt(walk / "walking_gyro.txt", gyro)


def test_stabilize_makes_what_it_says(dvs, walk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = dvs("stabilize", walk, "--encoder-preset", "ultrafast", "--metrics")
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


@pytest.mark.slow
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


def test_an_edited_trajectory_is_drawn_again(dvs, walk, tmp_path):
    assert dvs("stabilize", walk, "-o", tmp_path / "first", *QUICK).code == 0
    path = camera_path.read(tmp_path / "first" / "walking.txt")
    still = np.broadcast_to(path.quaternion[15], path.quaternion.shape)
    camera_path.write(camera_path.CameraPath(path.time_ns, still), tmp_path / "still.txt")
    preset = "--encoder-preset", "ultrafast", "--crop", "0.3"
    given = "--trajectory", tmp_path / "still.txt"
    run = dvs("stabilize", walk, "-o", tmp_path / "b", *given, *preset)
    assert (run.code, run.err) == (0, "")
    drawn = camera_path.read(tmp_path / "b" / "walking.txt").quaternion
    np.testing.assert_allclose(drawn, still, atol=1e-6)
    both = dvs("stabilize", walk, *given, "--smoother", "gaussian")
    assert_refused(both, "--smoother and --trajectory both find the path")


def test_sensors_are_left_out_where_that_is_wanted(dvs, walk, tmp_path):
    (walk / GYRO).write_text("no numbers at all\n")
    asked = dvs("stabilize", walk, "-o", tmp_path / "out", "--sensors", "none", "--model", "fused")
    assert_refused(asked, "walking.mp4: this way of stabilising needs the gyro")
    assert not (tmp_path / "out").exists()
    run = dvs("stabilize", walk, "-o", tmp_path / "out", "--sensors", "none", *QUICK)
    assert run.code == 0 and (tmp_path / "out" / "walking_stab_crop.mp4").exists()


def test_a_video_without_a_gyro_log_is_stabilised_by_its_pictures(dvs, walk, tmp_path):
    (walk / GYRO).unlink()
    run = dvs("stabilize", walk / VIDEO, "-o", tmp_path / "out", *QUICK)
    assert run.code == 0
    assert len(run.lines("warning")) == 1
    assert f"{VIDEO}: no gyro; the motion is read off the pictures" in run.err
    info = probe(tmp_path / "out" / "walking_stab_crop.mp4")
    assert info.frame_count == probe(walk / VIDEO).frame_count
    asked = dvs("stabilize", walk, "-o", tmp_path / "asked", "--smoother", "gaussian", *QUICK)
    assert_refused(asked, "no gyro log for walking.mp4.*walking_gyro.csv.*t_s,wx,wy,wz")


@pytest.mark.slow
def test_the_look_ahead_is_the_one_that_is_asked_for(dvs, walk, tmp_path):
    (walk / GYRO).unlink()
    shown = {}
    for seconds in ("0.4", "1"):
        out = tmp_path / seconds
        run = dvs("stabilize", walk / VIDEO, "-o", out, "--look-ahead", seconds, *QUICK)
        assert run.code == 0
        shown[seconds] = np.stack([*video.read_frames(out / "walking_stab_crop.mp4")])
    assert np.abs(shown["0.4"].astype(int) - shown["1"]).mean() > 0.5
    asked = dvs("stabilize", walk / VIDEO, "-o", tmp_path / "far", "--look-ahead", "3.5", *QUICK)
    assert_refused(asked, "--look-ahead.*less than or equal to 3")


def test_a_level_horizon_without_an_accelerometer_is_refused(dvs, walk, tmp_path):
    asked = dvs("stabilize", walk, "-o", tmp_path / "out", "--horizon-lock", *QUICK)
    assert_refused(asked, "a level horizon needs an accelerometer")


@pytest.mark.slow
def test_a_part_of_a_clip_is_cut_with_its_times(dvs, walk, tmp_path):
    run = dvs("stabilize", walk, "-o", tmp_path, "--start", "0.3", "--end", "0.7", *QUICK)
    assert (run.code, run.err) == (0, "")
    info = probe(tmp_path / "walking_stab_crop.mp4")
    assert info.frame_count == 12 and info.time_ns[0] == 0
    assert len(camera_path.read(tmp_path / "walking.txt")) == 12
    late = dvs("stabilize", walk, "-o", tmp_path / "late", "--start", "9", *QUICK)
    assert_refused(late, "has 0 frames between 9 s and inf s, and two are needed")


def test_the_smoothers_on_offer_are_those_there_are():
    assert get_args(stabilize.Smoothers) == tuple(smoothing.SMOOTHERS)
    assert get_args(stabilize.Presets) == video.PRESETS


@pytest.mark.slow
def test_the_range_of_the_crop_is_the_librarys(dvs, walk, tmp_path):
    assert dvs("stabilize", walk, "-o", tmp_path / "out", "--crop", 0.45, *QUICK).code == 0
    assert dvs("stabilize", walk, "-o", tmp_path / "out", "--crop", 0.451, *QUICK).code == 2
    for crop, code in ((0.005, 0), (0.0049, 2), (0.45, 0), (0.451, 2)):
        assert dvs("evaluate", walk, "--no-measure", "--crop", crop).code == code


def truncate_video(walk: Path, share: float) -> None:
    data = (walk / "walking.mp4").read_bytes()
    first_frame = data.find(b"mdat") + 4
    length = first_frame + round(share * (len(data) - first_frame))
    (walk / "walking.mp4").write_bytes(data[:length])


BAD_CLIPS: dict[str, tuple[Callable[[Path], object], str]] = {
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
    "an empty video": (lambda walk: (walk / VIDEO).write_bytes(b""), f"{VIDEO}: cannot be read"),
    "a video without frames": (lambda walk: truncate_video(walk, 0.0), f"{VIDEO}: not one frame"),
    "a text file for a video": (
        lambda walk: (walk / VIDEO).write_text("no video\n" * 50),
        f"{VIDEO}: ",
    ),
}


@pytest.mark.parametrize("kind", list(BAD_CLIPS))
def test_a_clip_that_cannot_be_used_is_refused_in_one_line(dvs, walk, tmp_path, kind):
    spoil, complaint = BAD_CLIPS[kind]
    spoil(walk)
    assert_refused(dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK), complaint)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
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


@pytest.mark.slow
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
        logs = {"OIS log", "frame log"} & said  # in one line
        assert len(run.err.splitlines()) == len(said - logs) + bool(logs)
        # The logs are laid out as the released data's, so its camera is no guess.
        assert len(run.lines("note")) == ("camera.toml" in said)
        assert len(run.lines("warning")) == bool(logs)
        assert all(run.err.count(LOST[sensor]) == 1 for sensor in said)
    assert probe(tmp_path / "out" / "walking_stab_crop.mp4").frame_count == 30


@pytest.mark.slow
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


def test_a_video_can_be_named(dvs, walk, tmp_path):
    wanted = tmp_path / "new" / "steady.mp4"
    arguments = ("stabilize", walk, "-o", wanted, "--smoother", "gaussian", *QUICK)
    run = dvs(*arguments)
    assert run.code == 0
    assert run.out.startswith(f"   cropped video: {wanted} (keeps ")
    assert [*wanted.parent.iterdir()] == [wanted]
    assert video.probe(wanted).frame_count == 30
    before = wanted.read_bytes()
    assert_refused(
        dvs(*arguments, "--uncropped"), "steady.mp4: .* files of their own; name a folder"
    )
    many = ("stabilize", walk, walk / VIDEO, "-o", wanted)
    assert_refused(dvs(*many), "steady.mp4: is one video; name a folder for the results of several")
    itself = ("stabilize", walk / VIDEO, "-o", walk / VIDEO)
    assert_refused(dvs(*itself), "walking.mp4: is the clip itself")
    assert wanted.read_bytes() == before


def test_options_can_lie_in_a_file(dvs, walk, tmp_path):
    file = tmp_path / "trip.toml"
    file.write_text('crop = 0.05\nsmoother = "gaussian"\nuncropped = true\nframing = "fixed"\n')
    out = tmp_path / "out"
    run = dvs("stabilize", walk, "-o", out, "--preset-file", file, *QUICK)
    assert "(keeps 88% of each side)" in run.out
    assert "uncropped video" in run.out
    over = dvs("stabilize", walk, "-o", out, "--preset-file", file, "--crop", "0.1", *QUICK)
    assert "(keeps 78% of each side)" in over.out


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("crop = 2", "trip.toml: crop = 2: "),
        ("crop = true", "trip.toml: crop has to be a number or a text"),
        ("crop = [1]", "trip.toml: crop has to be a number or a text"),
        ("uncropped = 1", "trip.toml: uncropped has to be true or false"),
        ("cropp = 0.1", "trip.toml: dvs-jax stabilize has no option --cropp"),
        ('border = "pink"', "trip.toml: border = pink: "),
        ("crop", "trip.toml: not a TOML file"),
    ],
)
def test_what_an_option_cannot_be_is_refused_from_a_file_too(dvs, walk, tmp_path, line, complaint):
    (tmp_path / "trip.toml").write_text(line)
    run = dvs("stabilize", walk, "-o", tmp_path / "out", "--preset-file", tmp_path / "trip.toml")
    assert_refused(run, complaint)
    assert not (tmp_path / "out").exists()


def test_side_by_side_is_named_beside_the_others_or_alone(dvs, walk, tmp_path):
    wanted = ("--side-by-side", "--refine", "none", *QUICK)
    run = dvs("stabilize", walk, "-o", tmp_path / "out", "--smoother", "gaussian", *wanted)
    assert (run.code, run.err) == (0, "")
    assert f"side by side: {tmp_path}/out/walking_stab_side_by_side.mp4" in run.out
    assert "cropped video: " in run.out
    alone = dvs("stabilize", walk, "-o", tmp_path / "a.mp4", "--smoother", "gaussian", *wanted)
    assert alone.out.strip().startswith(f"side by side: {tmp_path}/a.mp4 (keeps ")
    assert probe(tmp_path / "a.mp4").width == 2 * 192
