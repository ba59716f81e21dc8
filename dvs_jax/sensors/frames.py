"""Frame logs: when each frame was exposed, in four layouts."""

import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.sensors import columns, table
from dvs_jax.sensors.log import FrameLog
from dvs_jax.sensors.table import Table

LAYOUTS = (
    "t_ns exposure_ns (unused) readout_ns t_ois_ns (without a header; more columns are ignored)",
    "t_ns frame_id exposure_ns rs_time_ns ois_t_ns (without a header; ids rise by 1)",
    "times alone (without a header; their unit is told by the steps between them)",
    "named columns, each with its unit at the end (t_s, t_ms, t_us, t_ns): t and, if known, "
    "exposure, readout, t_ois",
)

_LONGEST_NS = 1_000_000_000
"""Nanoseconds. A longer exposure or readout means that the unit is wrong."""

_LONGEST_STEP_NS = 100 * 1_000_000_000
"""Longest frame interval in nanoseconds: longer than in time-lapse; encoders have no such rate."""

_SHORTEST_STEP_NS = 1000
"""A million frames/s: a shorter median frame interval means that the unit is wrong."""

_USUAL_STEPS_NS = (1e6, 1e9)
"""1000 frames/s to 1: each unit has another size of steps in between."""

_log = logging.getLogger("dvs_jax")


class FrameTimes(NamedTuple):
    """Which lines of which frame log are a clip's.

    Attributes:
        file: the log; None for the one beside the video, if there is one.
        first: the line, of those with times, of the clip's first frame, counted from 1.
    """

    file: Path | None = None
    first: int = 1


FROM_THE_FIRST = FrameTimes()
"""The frame log beside the video, from its first line on."""


def read(file: Path, camera: Camera, first: int = 1) -> FrameLog:
    """Read a frame log of any known layout.

    Half the exposure is subtracted from both clocks' times; without an exposure
    column the times are taken to be the middle of the first row's exposure.

    Args:
        file: text, whitespace or comma separated.
        camera: readout time, where the log has no such column, and the offset of the OIS's clock.
        first: see `FrameTimes.first`.

    Raises:
        InputError: the file is no such log (see `table.read`), or has no such line; a time, or
            middle of an exposure, does not exceed the one before, or does by more than 100 s;
            frames are less than 1 µs apart; or an exposure or readout lies outside 0 to 1 s. The
            message names the line.
    """
    log = table.read(file)
    _require_line(log, first)
    time_ns, exposure, readout, ois_time_ns = (
        _named_columns(log, camera) if log.names else _official_columns(log, camera)
    )
    _require_duration(log, "exposure", exposure)
    _require_duration(log, "readout", readout)
    _require_increasing(log, "time", time_ns)
    middle_ns = time_ns - exposure // 2
    _require_increasing(log, "the middle of the exposure", middle_ns)
    _require_possible_steps(log, time_ns)
    ois_offset = round(camera.clock_offset_s * 1e9)
    ois_middle_ns = ois_time_ns + ois_offset - exposure // 2
    return FrameLog(middle_ns[first - 1 :], readout[first - 1 :], ois_middle_ns[first - 1 :])


def lines_of(file: Path, first: int, count: int) -> list[str]:
    """Return the lines of a frame log without those of other frames.

    Args:
        file: the log.
        first: see `FrameTimes.first`.
        count: how many frames there are from there on.

    Raises:
        InputError: as `read`.
    """
    log = table.read(file)
    _require_line(log, first)
    return list(log.lines_of(slice(first - 1, first - 1 + count)))


def _require_line(log: Table, first: int) -> None:
    if not 1 <= first <= len(log.line):
        raise InputError(
            f"{log.file}: has {len(log.line)} frames, so the clip's first cannot be number {first}"
        )


def without_log(video_time_ns: Int[np.ndarray, "frame"], camera: Camera) -> FrameLog:
    """Return a frame log from a video's timestamps, the first frame at 0 on the gyro's clock.

    Args:
        video_time_ns: int64 presentation times, increasing.
        camera: readout time.
    """
    time_ns = video_time_ns - video_time_ns[0]
    return FrameLog(time_ns, _readout(time_ns, camera), time_ns)


def _constant(like: Int[np.ndarray, "frame"], seconds: float) -> Int[np.ndarray, "frame"]:
    return np.full_like(like, round(seconds * 1e9))


def _official_columns(log: Table, camera: Camera) -> tuple[Int[np.ndarray, "frame"], ...]:
    """Return time, exposure, readout and OIS time."""
    if log.values.shape[1] == 1:
        time_ns = columns.time_ns(log, 0, _unit_by_steps(log))
        return time_ns, _constant(time_ns, 0.0), _readout(time_ns, camera), _ois(time_ns, camera)
    if log.values.shape[1] < 5:
        raise columns.unknown_layout(log, LAYOUTS)
    order = (0, 2 if _counts_frames(log.values[:, 1]) else 1, 3, 4)
    return tuple(columns.time_ns(log, column, "ns") for column in order)


def _unit_by_steps(log: Table) -> str:
    """Return the unit of times that stand alone."""
    if len(log.line) < 2:
        return "ns"
    step = float(np.median(np.diff(log.values[:, 0])))
    shortest, longest = _USUAL_STEPS_NS
    for unit, decimals in columns.DECIMALS_BEFORE_NS.items():
        if shortest <= step * 10.0**decimals < longest and unit != "ns":
            told = (
                "%s: frames are %.3g apart, so its times are read as %s; a first line t_%s says it"
            )
            _log.info(told, log.file, step, unit, unit)
            return unit
    return "ns"


def _counts_frames(column: Float[np.ndarray, "frame"]) -> bool:
    """Return whether these are frame numbers; a trimmed clip's do not start at 0."""
    return bool(column[0] == 0 if len(column) == 1 else (np.diff(column) == 1).all())


def _named_columns(log: Table, camera: Camera) -> tuple[Int[np.ndarray, "frame"], ...]:
    """Return the same as `_official_columns`."""
    time_ns = columns.require_time_ns(log)
    exposure, readout, ois_time_ns = (
        columns.find_time_ns(log, name) for name in ("exposure", "readout", "t_ois")
    )
    return (
        time_ns,
        _constant(time_ns, 0.0) if exposure is None else exposure,
        _readout(time_ns, camera) if readout is None else readout,
        _ois(time_ns, camera) if ois_time_ns is None else ois_time_ns,
    )


def _readout(time_ns: Int[np.ndarray, "frame"], camera: Camera) -> Int[np.ndarray, "frame"]:
    return _constant(time_ns, camera.readout_time_s)


def _ois(time_ns: Int[np.ndarray, "frame"], camera: Camera) -> Int[np.ndarray, "frame"]:
    return time_ns - round(camera.clock_offset_s * 1e9)


def _require_duration(log: Table, name: str, duration: Int[np.ndarray, "frame"]) -> None:
    bad = (duration < 0) | (duration > _LONGEST_NS)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{log.file}, line {log.line[row]}: {name} of {duration[row] / 1e9:g} s; "
            "it lies between 0 and 1 s, so check the columns' order and units"
        )


def _require_increasing(log: Table, name: str, time_ns: Int[np.ndarray, "frame"]) -> None:
    """Raise unless times increase: a row is a frame, so it cannot be dropped like a gyro sample."""
    stuck = np.diff(time_ns) <= 0
    if stuck.any():
        row = int(np.argmax(stuck))
        raise InputError(
            f"{log.file}, line {log.line[row + 1]}: {name} does not advance, "
            f"from {time_ns[row] / 1e9:.6f} s to {time_ns[row + 1] / 1e9:.6f} s"
        )


def _require_possible_steps(log: Table, time_ns: Int[np.ndarray, "frame"]) -> None:
    step = np.diff(time_ns)
    if not len(step):
        return
    if step.max() > _LONGEST_STEP_NS:
        row = int(np.argmax(step > _LONGEST_STEP_NS))
        raise InputError(
            f"{log.file}, line {log.line[row + 1]}: this frame is {step[row] / 1e9:.6g} s after "
            "the one before, and no video waits so long; check the unit of the times"
        )
    if np.median(step) < _SHORTEST_STEP_NS:
        raise InputError(
            f"{log.file}, line {log.line[1]}: frames are {np.median(step) / 1e3:.3g} µs apart, "
            "which no camera can do; check the unit of the times"
        )
