"""Finds and reads recordings of any known layout."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import david, plain, quest, wu
from dvs_jax.viewport.traces.trace import HeadTrace

LAYOUTS = ("wu", "quest", "david", "plain")

_WU = re.compile(r"video_\d+\.csv", re.IGNORECASE)


class Options(NamedTuple):
    """What a user says of recordings.

    Attributes:
        forward: share of the picture's width at which yaw is 0; None for the layout's own.
        pitch_up: whether the head's logged pitch is positive upwards.
        own_clock: whether the recording's own clock is taken for the video's.
        viewer: who watched; None for the name that files and folders tell.
        video: what was watched, likewise.
    """

    forward: float | None = None
    pitch_up: bool = False
    own_clock: bool = False
    viewer: str | None = None
    video: str | None = None


def layout(file: Path) -> str:
    """Return which of `LAYOUTS` a file's name tells; a plain table may have any name."""
    if _WU.fullmatch(file.name):
        return "wu"
    if quest.named(file) and not plain.begins(file):
        return "quest"
    return "david" if file.name.endswith("_fixations.csv") else "plain"


def find(path: Path) -> list[Path]:
    """Return a file of each recording: the path itself, or those below a folder.

    Of the files that a Quest recorder writes of one recording only the first is named.

    Raises:
        InputError: there is no such path, or no recording below the folder.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: there is no such file or folder")
    files = [file for file in sorted(path.rglob("*.csv")) if file.name.lower() != "videometa.csv"]
    first: dict[object, Path] = {}
    for file in files:
        first.setdefault(quest.recording(file) if layout(file) == "quest" else file, file)
    if not first:
        raise InputError(f"{path}: holds no .csv, where recordings of viewers are expected")
    return list(first.values())


def read(file: Path, options: Options | None = None) -> list[HeadTrace]:
    """Read the traces of a file, one of them but in David's layout.

    Raises:
        InputError: it cannot be used; see the layouts' readers. Or an option is not for its layout.
    """
    options = options or Options()
    kind = layout(file)
    if options.own_clock and kind != "quest":
        raise InputError(
            f"{file}: --playback-from-timestamp is for recordings with the clocks of a Quest "
            "recorder; leave it away"
        )
    forward = sphere.FORWARD if options.forward is None else options.forward
    if kind == "wu":
        traces = [wu.read(file, wu.FORWARD if options.forward is None else forward)]
    elif kind == "quest":
        traces = [quest.read(file, forward, options.pitch_up, own_clock=options.own_clock)]
    elif kind == "david":
        traces = david.read(file)
    else:
        traces = [plain.read(file, forward)]
    return [_renamed(trace, options) for trace in traces]


def read_all(paths: list[Path], options: Options | None = None) -> Iterator[HeadTrace]:
    """Yield the traces of all recordings at and below paths.

    Raises:
        InputError: as `find` and `read`.
    """
    for path in paths:
        for file in find(path):
            yield from read(file, options)


def _renamed(trace: HeadTrace, options: Options) -> HeadTrace:
    return replace(trace, viewer=options.viewer or trace.viewer, video=options.video or trace.video)
