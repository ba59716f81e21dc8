"""Spoils recordings as players, trackers and recorders do; what a reader must then do is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion

Columns = dict[str, Float[np.ndarray, "row"]]

_CLOCKS = ("PlaybackTime", "t_s")
_ROTATION = tuple(f"UnitQuaternion.{axis}" for axis in "xyzw")

_MIDDLE = slice(500, 600)
"""Rows that are spoiled: two seconds at 50 a second."""


def apply(file: Path, fault: str) -> None:
    """Spoil a table of a recording, in place.

    Args:
        file: as `recordings` wrote it, with 700 rows or more.
        fault: a key of `FAULTS`.
    """
    names = file.read_text().splitlines()[0].split(",")
    values = np.loadtxt(file, delimiter=",", skiprows=1)
    spoiled = FAULTS[fault](dict(zip(names, values.T, strict=True)))
    header = ",".join(spoiled)
    np.savetxt(
        file, np.column_stack(list(spoiled.values())), "%.12g", ",", header=header, comments=""
    )


def cut_short(file: Path) -> None:
    """Take the last quarter of a file's bytes, within a row."""
    content = file.read_bytes()
    end = len(content) * 3 // 4
    while content[end - 1 : end] in b",\n-.":
        end -= 1
    file.write_bytes(content[:end])


def _clock(columns: Columns) -> str:
    return next(name for name in columns if name in _CLOCKS)


def _without_clock(columns: Columns) -> Columns:
    return {name: each for name, each in columns.items() if name not in _CLOCKS}


def _shouted(columns: Columns) -> Columns:
    return {name.upper(): each for name, each in columns.items()}


def _no_number(columns: Columns) -> Columns:
    return columns | {_ROTATION[0]: _with(columns[_ROTATION[0]], np.nan)}


def _too_long(columns: Columns) -> Columns:
    return columns | {name: _with(columns[name], columns[name][_MIDDLE] * 1.02)
                      for name in _ROTATION}  # fmt: skip


def _stuck(columns: Columns) -> Columns:
    name = _clock(columns)
    return columns | {name: _with(columns[name], columns[name][_MIDDLE.start])}


def _stopped(columns: Columns) -> Columns:
    name = _clock(columns)
    return columns | {name: np.zeros_like(columns[name])}


def _played_again(columns: Columns) -> Columns:
    """The viewer goes back by two seconds, and looks elsewhere the first time."""
    length = len(columns[_clock(columns)])
    rows = np.r_[0 : _MIDDLE.stop, _MIDDLE.start : length]
    again = {name: each[rows] for name, each in columns.items()}
    return again | _turned(again, slice(_MIDDLE.start + 20, _MIDDLE.stop))


def _gap(columns: Columns) -> Columns:
    return {name: np.delete(each, _MIDDLE) for name, each in columns.items()}


def _jump(columns: Columns) -> Columns:
    return columns | _turned(columns, slice(_MIDDLE.start, _MIDDLE.start + 1))


def _restless(columns: Columns) -> Columns:
    return columns | _turned(columns, slice(None, None, 4))


def _short(columns: Columns) -> Columns:
    return {name: each[:350] for name, each in columns.items()}


def _held(columns: Columns) -> Columns:
    """Values of a sensor that is read at half the rate."""
    clocks = ("Timestamp", "VideoFrame", *_CLOCKS)
    return {
        name: each if name in clocks else np.repeat(each[::2], 2)[: len(each)]
        for name, each in columns.items()
    }


def _without_frames(columns: Columns) -> Columns:
    return columns | {"VideoFrame": _with(columns["VideoFrame"], -1.0)}


def _with(values: Float[np.ndarray, "row"], spoiled: object) -> Float[np.ndarray, "row"]:
    found = values.copy()
    found[_MIDDLE] = spoiled
    return found


def _turned(columns: Columns, rows: slice) -> Columns:
    """Turn the head to the side by 90° in some rows."""
    rotation = np.stack([columns[name] for name in _ROTATION], axis=-1)
    aside = np.array([0.0, np.sqrt(0.5), 0.0, np.sqrt(0.5)])
    rotation[rows] = quaternion.multiply(aside, rotation[rows])
    return dict(zip(_ROTATION, rotation.T, strict=True))


FAULTS: dict[str, Callable[[Columns], Columns]] = {
    "no clock": _without_clock,
    "names in capitals": _shouted,
    "no number": _no_number,
    "quaternion too long": _too_long,
    "clock stuck": _stuck,
    "clock stopped": _stopped,
    "played again": _played_again,
    "gap": _gap,
    "jump": _jump,
    "restless tracker": _restless,
    "too short": _short,
    "held values": _held,
    "no frame shown": _without_frames,
}
"""Of a table with quaternions; the last one of a Quest recorder's alone."""
