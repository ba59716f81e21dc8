"""Folders of steady and shaky videos of the same scenes, as DeepStab's.

`stable/` and `unstable/` hold videos of equal names: `stable/7.avi` and `unstable/7.avi` were taken
side by side, one of them by a steadied camera.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from dvs_jax.errors import InputError
from dvs_jax.sensors.folder import VIDEO_SUFFIXES, is_video
from dvs_jax.video import Frame, probe, read_frames

STEADY, SHAKY = "stable", "unstable"

_NAMED = 5
"""Names that an error message quotes."""


class VideoPair(NamedTuple):
    """Two videos of one scene.

    Attributes:
        name: of both, without the ending.
        steady: the steady one.
        shaky: the shaky one.
    """

    name: str
    steady: Path
    shaky: Path


def video_pairs(folder: Path) -> list[VideoPair]:
    """Return a folder's pairs, names that are numbers in their order.

    Args:
        folder: with the folders `stable` and `unstable`; what is not a video in them is ignored.

    Raises:
        InputError: one of them is missing or empty, or the names in them do not match.
    """
    steady, shaky = (_videos(folder / name) for name in (STEADY, SHAKY))
    for here, there, name in ((steady, shaky, STEADY), (shaky, steady, SHAKY)):
        if alone := sorted(here.keys() - there.keys(), key=in_order):
            shown = ", ".join(alone[:_NAMED]) + (" …" if len(alone) > _NAMED else "")
            raise InputError(
                f"{folder}: {STEADY}/ and {SHAKY}/ do not match: {shown} only in {name}/ "
                f"({len(alone)} of {len(here)}); a pair's videos must have equal names"
            )
    return [VideoPair(name, steady[name], shaky[name]) for name in sorted(steady, key=in_order)]


def in_order(name: str) -> tuple[bool, int, str]:
    """Return a key that sorts names that are numbers as numbers, before the others."""
    is_number = name.isascii() and name.isdigit()
    return not is_number, int(name) if is_number else 0, name


def _videos(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(
            f"{folder}: there is no such folder; pairs are videos of equal names in {STEADY}/ and "
            f"{SHAKY}/"
        )
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if is_video(file):
            if file.stem in found:
                raise InputError(f"{file}: {found[file.stem].name} has the same name; keep one")
            found[file.stem] = file
    if not found:
        raise InputError(f"{folder}: no video in it; what counts is {', '.join(VIDEO_SUFFIXES)}")
    return found


def paired_frames(pair: VideoPair) -> Iterator[tuple[Frame, Frame]]:
    """Yield each shaky frame with the steady one of its time, until the shorter video ends.

    Args:
        pair: the videos; both begin at the same moment.

    Yields:
        The steady and the shaky frame, RGB, each in its video's size.

    Raises:
        InputError: a video cannot be read.
    """
    steady_frames = enumerate(read_frames(pair.steady))
    number, steady = next(steady_frames)
    wanted = _nearest(probe(pair.steady).time_ns, probe(pair.shaky).time_ns)
    for index, shaky in zip(wanted, read_frames(pair.shaky), strict=False):
        while number < index:
            number, steady = next(steady_frames)
        yield steady, shaky


def _nearest(
    steady_ns: Int64[np.ndarray, "steady"], shaky_ns: Int64[np.ndarray, "shaky"]
) -> Int64[np.ndarray, "common"]:
    """Return the steady frame next in time to each shaky one, of those that have one."""
    steady_ns, shaky_ns = steady_ns - steady_ns[0], shaky_ns - shaky_ns[0]
    middle = (steady_ns[1:] + steady_ns[:-1]) / 2
    after_last = 2 * steady_ns[-1] - middle[-1] if len(middle) else np.inf
    return np.searchsorted(middle, shaky_ns[shaky_ns < after_last]).astype(np.int64)
