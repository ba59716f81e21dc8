"""Checks that the logs cover the frames in time."""

import logging
from pathlib import Path

import numpy as np
from jaxtyping import Int

from dvs_jax.errors import InputError

_log = logging.getLogger("dvs_jax")


def require_overlap(
    file: Path, log_time_ns: Int[np.ndarray, "sample"], frame_time_ns: Int[np.ndarray, "frame"]
) -> None:
    """Raise InputError unless the log and the frames overlap in time on the log's clock.

    Args:
        file: the log, for the message.
        log_time_ns: int64 times of its samples, increasing.
        frame_time_ns: int64 times of the frames on the same clock, increasing.
    """
    if log_time_ns[-1] < frame_time_ns[0] or frame_time_ns[-1] < log_time_ns[0]:
        raise InputError(
            f"{file}: the log lasts {_span(log_time_ns)}, the frames {_span(frame_time_ns)}; "
            "they do not overlap: check the units of their times, or tell their clocks' "
            "difference as clock_offset_ms under [gyro] in camera.toml"
        )


def _span(time_ns: Int[np.ndarray, "sample"]) -> str:
    return f"from {time_ns[0] / 1e9:.3f} s to {time_ns[-1] / 1e9:.3f} s"


def warn_of_uncovered_frames(
    file: Path,
    log_time_ns: Int[np.ndarray, "sample"],
    frame_time_ns: Int[np.ndarray, "frame"],
    readout_ns: Int[np.ndarray, "frame"],
    what: str,
) -> None:
    """Warn if frames were exposed before the log's first sample or after its last.

    Args:
        file: the log, for the message.
        log_time_ns: int64 times of its samples, increasing.
        frame_time_ns: int64 times of the frames' first rows on the same clock, increasing.
        readout_ns: int64 nanoseconds, from the first row's exposure to the last row's.
        what: what the log records, for the message.
    """
    early = np.count_nonzero(frame_time_ns < log_time_ns[0])
    late = np.count_nonzero(frame_time_ns + readout_ns > log_time_ns[-1])
    count = len(frame_time_ns)
    if early:
        _log.warning(
            "%s: the log starts after %d of %d frames; the %s counts as still until then",
            *(file, early, count, what),
        )
    if late:
        _log.warning(
            "%s: the log ends before %d of %d frames do; the %s counts as still there",
            *(file, late, count, what),
        )
