from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.training.paired_videos import VideoPair, paired_frames, video_pairs
from dvs_jax.video import VideoInfo, VideoWriter


def make_folders(folder: Path, steady: list[str], shaky: list[str]) -> Path:
    for name, files in (("stable", steady), ("unstable", shaky)):
        (folder / name).mkdir()
        for file in files:
            (folder / name / file).touch()
    return folder


def make_video(file: Path, levels: list[int], rate: int) -> Path:
    time_ns = np.arange(len(levels)) * 1_000_000_000 // rate
    info = VideoInfo(
        file, 64, 64, frame_rate=Fraction(rate), time_ns=time_ns, rotation=0, has_audio=False
    )
    with VideoWriter(file, info, 64, 64, crf=10) as writer:
        for level, time in zip(levels, time_ns, strict=True):
            writer.write(np.full((64, 64, 3), level, np.uint8), int(time))
    return file


def levels_of(pair: VideoPair) -> list[tuple[int, int]]:
    rounded = (tuple(round(each.mean() / 10) * 10 for each in two) for two in paired_frames(pair))
    return list(rounded)


def test_pairs_are_in_the_order_of_numbers(tmp_path):
    names = ["1.avi", "10.avi", "2.avi", "b.mp4", "notes.txt"]
    pairs = video_pairs(make_folders(tmp_path, names, [*names[:3], "b.avi"]))
    assert [pair.name for pair in pairs] == ["1", "2", "10", "b"]
    assert pairs[3] == ("b", tmp_path / "stable" / "b.mp4", tmp_path / "unstable" / "b.avi")


def test_names_that_do_not_match_are_told_in_one_line(tmp_path):
    make_folders(tmp_path, ["1.avi", "2.avi"], ["1.avi", "10.avi", "9.avi"])
    with pytest.raises(InputError) as caught:
        video_pairs(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: stable/ and unstable/ do not match: 2 only in stable/ (1 of 2); "
        "a pair's videos must have equal names"
    )


def test_many_names_that_do_not_match_are_not_all_quoted(tmp_path):
    make_folders(tmp_path, ["1.avi"], [f"{number}.avi" for number in range(1, 21)])
    with pytest.raises(InputError, match=r"2, 3, 4, 5, 6 … only in unstable/ \(19 of 20\)"):
        video_pairs(tmp_path)


def test_two_videos_of_one_name_are_refused(tmp_path):
    make_folders(tmp_path, ["1.avi", "1.mp4"], ["1.avi"])
    with pytest.raises(InputError, match=r"1\.mp4: 1\.avi has the same name; keep one"):
        video_pairs(tmp_path)


def test_a_missing_or_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"stable: there is no such folder; pairs are videos"):
        video_pairs(tmp_path)
    make_folders(tmp_path, ["1.avi"], [])
    with pytest.raises(InputError, match=r"unstable: no video in it; what counts is \.mp4"):
        video_pairs(tmp_path)


def test_frames_end_with_the_shorter_video(tmp_path):
    steady = make_video(tmp_path / "s.mp4", [50, 100, 150], 30)
    shaky = make_video(tmp_path / "u.mp4", [60, 110, 160, 210, 220], 30)
    assert levels_of(VideoPair("1", steady, shaky)) == [(50, 60), (100, 110), (150, 160)]
    assert levels_of(VideoPair("1", shaky, steady)) == [(60, 50), (110, 100), (160, 150)]


def test_frames_are_paired_by_time(tmp_path):
    steady = make_video(tmp_path / "s.mp4", [50, 70, 90, 110, 130, 150], 60)
    shaky = make_video(tmp_path / "u.mp4", [60, 120, 180, 240], 30)
    assert levels_of(VideoPair("1", steady, shaky)) == [(50, 60), (90, 120), (130, 180)]
