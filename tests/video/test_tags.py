"""When, where and by what a video was made, its timecode and its chapters."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.video import VideoWriter, part_of, probe
from dvs_jax.video.tags import later

from .clips import copy, level_frames

PLACE = "+48.2000+016.3700/"
CHAPTERS = [(0.0, 0.5, "door"), (0.5, 1.0, "garden")]


def tagged(path: Path, tags: dict[str, str], options: dict[str, str] | None = None) -> Path:
    with av.open(path, "w", container_options=options or {}) as out:
        video = out.add_stream("libx264", rate=30, width=64, height=48, pix_fmt="yuv420p")
        video.metadata["timecode"] = "01:02:03:04"
        out.metadata.update(tags)
        out.set_chapters(
            [
                {
                    "id": index,
                    "start": round(start * 1000),
                    "end": round(end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for index, (start, end, title) in enumerate(CHAPTERS)
            ]
        )
        for index, frame in enumerate(level_frames(30)):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
    return path


def chapters(path: Path) -> list[tuple[float, float, str]]:
    with av.open(path) as container:
        return [
            (
                float(each["start"] * each["time_base"]),
                float(each["end"] * each["time_base"]),
                each["metadata"]["title"],
            )
            for each in container.chapters()
        ]


STANDARD = {
    "creation_time": "2024-05-06T07:08:09.000000Z",
    "title": "Dawn",
    "location": PLACE,
    "artist": "A. B.",
    "comment": "no tripod",
}
APPLE = {
    "creation_time": "2024-05-06T07:08:09.000000Z",
    "com.apple.quicktime.location.ISO6709": PLACE,
    "com.apple.quicktime.make": "Maker",
    "com.apple.quicktime.model": "Phone 7",
    "com.apple.quicktime.creationdate": "2024-05-06T09:08:09+0200",
}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(
    ("tags", "options"), [(STANDARD, {}), (APPLE, {"movflags": "use_metadata_tags"})]
)
def test_tags_timecode_and_chapters_are_kept(tmp_path, suffix, tags, options):
    clip = tagged(tmp_path / "clip.mov", tags, options)
    out = copy(clip, tmp_path / f"out{suffix}")
    kept = {key.lower(): value for key, value in out.tags.file.items()}
    for key, value in tags.items():
        assert kept[key.lower()] == value
    assert out.tags.timecode == "01:02:03:04"
    assert chapters(out.path) == CHAPTERS
    assert not out.has_audio and not out.has_subtitles


@pytest.mark.parametrize(("rate", "kept"), [(240, "01:02:03:004"), (1000, None)])
def test_a_timecode_that_no_file_can_count_does_not_stop_the_video(tmp_path, rate, kept):
    info = probe(tagged(tmp_path / "clip.mp4", STANDARD))
    assert info.tags.timecode == "01:02:03:04"
    time_ns = np.arange(30) * (10**9 // rate)
    info = dataclasses.replace(info, frame_rate=Fraction(rate), time_ns=time_ns)
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, each_ns in zip(level_frames(30), time_ns, strict=True):
            out.write(frame, each_ns)
    assert probe(tmp_path / "out.mp4").tags.timecode == kept


def test_a_part_has_its_own_timecode_and_chapters(tmp_path):
    info = part_of(probe(tagged(tmp_path / "clip.mp4", STANDARD)), slice(12, 30))
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(18), info.time_ns, strict=True):
            out.write(frame, time_ns)
    assert probe(tmp_path / "out.mp4").tags.timecode == "01:02:03:16"
    assert chapters(tmp_path / "out.mp4") == [(0.0, 0.1, "door"), (0.1, 0.6, "garden")]


NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("timecode", "frames", "rate", "expected"),
    [
        ("00:00:59:28", 3, Fraction(30), "00:01:00:01"),
        ("00:00:59;28", 1, NTSC, "00:00:59;29"),
        ("00:00:59;28", 2, NTSC, "00:01:00;02"),  # 00 and 01 are dropped
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),  # but not every tenth minute
        ("00:00:00;00", 17_982, NTSC, "00:10:00;00"),
        ("01:00:00;00", 107_892, NTSC, "02:00:00;00"),
        ("00:00:59;59", 1, 2 * NTSC, "00:01:00;04"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("00:01:10;05", 0, NTSC, "00:01:10;05"),
    ],
)
def test_timecodes_count_as_smpte_says(timecode, frames, rate, expected):
    assert later(timecode, frames, rate) == expected
