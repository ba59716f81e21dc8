"""Ways from a video file to another, timed in turns beside a plain transcode."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

from dvs_jax.benchmarks.report import Column, Table
from dvs_jax.benchmarks.transcoding import transcode
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.progress import Track

TRANSCODE = "plain transcode"

_COLUMNS = (
    Column("from file to file"),
    Column("frames/s", ".1f"),
    Column("time / transcode's", ".2f"),
    Column("core ms a frame", ".1f"),
)

Way = Callable[[], object]


class EndToEnd(NamedTuple):
    """The speed of one program from a video file to another.

    Attributes:
        name: of the program.
        frames_per_s: median of all rounds.
        time_ratio: median, over the rounds, of its time by that of the plain transcode.
        core_ms: median CPU time of a frame, in ms, which varies less than the rest while other
            programs run.
    """

    name: str
    frames_per_s: float
    time_ratio: float
    core_ms: float


def require_video_file(clip: Clip) -> None:
    """Raise InputError if a clip cannot be transcoded."""
    if clip.video.path.is_dir():
        raise InputError(f"{clip.video.path}: is a folder of images; give a video file")


def end_to_end(
    clip: Clip, ways: Mapping[str, Way], folder: Path, rounds: int, track: Track
) -> list[EndToEnd]:
    """Time ways and the transcode, which comes first, one after the other in each round.

    Args:
        clip: that all of them read.
        ways: by name; what they load and compile is no part of the time.
        folder: for the transcoded video.
        rounds: of which the medians are told.
        track: reports the rounds.
    """
    for way in ways.values():
        way()
    timed = {TRANSCODE: lambda: transcode(clip, folder / "transcoded.mp4"), **ways}
    found = [
        {name: _timed(way) for name, way in timed.items()}
        for _ in track(range(rounds), rounds, "rounds")
    ]
    return [
        EndToEnd(
            name,
            clip.frame_count / median(each[name].seconds for each in found),
            median(each[name].seconds / each[TRANSCODE].seconds for each in found),
            median(each[name].core_seconds for each in found) / clip.frame_count * 1e3,
        )
        for name in timed
    ]


def table(clip: Clip, ways: list[EndToEnd], rounds: int) -> Table:
    """Return the table of what `end_to_end` found."""
    width, height = clip.size
    title = f"end to end, {clip.frame_count} frames of {width} × {height}, medians of {rounds}"
    return Table(title, _COLUMNS, tuple(ways), drawn=("frames/s",))


class _Timed(NamedTuple):
    seconds: float
    core_seconds: float


def _timed(run: Way) -> _Timed:
    start, before = time.perf_counter(), os.times()[:4]
    run()
    return _Timed(time.perf_counter() - start, sum(os.times()[:4]) - sum(before))
