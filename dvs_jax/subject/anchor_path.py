"""The anchor's measured track smoothed over a whole clip: gaps, ends and cuts included."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.errors import InputError
from dvs_jax.subject import averages, one_euro, rts
from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.one_euro import OneEuro

SmootherName = Literal["rts", "one-euro", "gaussian", "moving", "none"]
Status = Literal["measured", "interpolated", "held", "absent"]

NOISE = 0.012
"""Standard deviation of a followed person's hips on each axis, in torsos."""

ACCELERATION = 4.0
"""Spectral density q of the hips' acceleration in torsos² / s³: steps shake them by about 5
torsos / s² for 0.15 s."""

LONGEST_GAP_S = 1.0
"""The longest gap through which a smoother goes; a longer one is bridged from end to end."""

_SHORTEST_PADDED = 256
"""Tracks are padded to powers of two, from here on, so that few lengths are compiled."""

Seconds = Float[np.ndarray, " frame"]
Place = Float[np.ndarray, "frame 2"]
Present = Bool[np.ndarray, " frame"]


@dataclass(frozen=True)
class Smoothing:
    """How an anchor is smoothed.

    Attributes:
        method: "rts", see `rts.robust`; "one-euro", for live use, see `one_euro`; "gaussian" and
            "moving", see `averages`; or "none".
        cutoff_hz: of "rts", instead of what follows from noise and acceleration.
        one_euro: how "one-euro" smooths, in torsos.
        deviation_s: of "gaussian".
        frames: width of "moving".

    Raises:
        InputError: there is no such method, or a number is out of range.
    """

    method: SmootherName = "rts"
    cutoff_hz: float | None = None
    one_euro: OneEuro = one_euro.USUAL
    deviation_s: float = 0.1
    frames: int = 5

    def __post_init__(self) -> None:
        if self.method not in get_args(SmootherName):
            known = ", ".join(get_args(SmootherName))
            raise InputError(f"there is no smoother {self.method!r}; choose one of {known}")
        if self.cutoff_hz is not None and not 0.01 <= self.cutoff_hz <= 100.0:
            raise InputError(f"cutoff {self.cutoff_hz:g} Hz: give a number from 0.01 to 100")
        if not 0.001 <= self.deviation_s <= 10.0:
            raise InputError(f"deviation {self.deviation_s:g} s: give a number from 0.001 to 10")
        if not (self.frames % 2 and 1 <= self.frames <= 999):
            raise InputError(f"{self.frames} frames: give an odd number from 1 to 999")


class AnchorPath(NamedTuple):
    """Where an anchor is taken to be, in each frame of a clip.

    Attributes:
        place: float64 [frame, 2], (x, y) in pixels; NaN where absent.
        weight: float64 [frame], of the measurement (see `rts.robust`); 0 where there is none.
        status: "measured"; "interpolated" in a gap up to `LONGEST_GAP_S`; "held" in a longer one,
            before the first and after the last measurement; "absent" in a shot without any.
    """

    place: Place
    weight: Seconds
    status: list[Status]


def smooth(
    time_s: Seconds,
    measured: Measured,
    smoothing: Smoothing = Smoothing(),
    cuts: Sequence[int] = (),
    moved: Place | None = None,
) -> AnchorPath:
    """Smooth an anchor's track, in pixels.

    Before the first and after the last measurement of a shot the position is held. In gaps longer
    than `LONGEST_GAP_S` it goes from one side's end to the other's beginning by
    10 u³ − 15 u⁴ + 6 u⁵, both in the picture, which the background may leave.

    Args:
        time_s: of all frames of the clip, increasing, in seconds.
        measured: of all frames (see `spread`).
        smoothing: how.
        cuts: frames that begin a new shot.
        moved: float64 [frame, 2], how far the background moved since the frame before, in pixels,
            where the anchor is. The track is smoothed against the background, and then follows the
            shake of the camera, which is faster than any cutoff. None for a camera that stands
            still.
    """
    runs = _runs(time_s, measured.present, cuts)
    background = np.zeros_like(measured.place) if moved is None else np.cumsum(moved, axis=0)
    against = measured.place - background
    mean = against[measured.present].mean(axis=0)
    unit = np.where(measured.present[:, None], (against - mean) / measured.torso, 0.0)
    place, weight = _smooth_runs(time_s, unit, measured.present, runs, smoothing)
    place = mean + measured.torso * place + background
    status = _statuses(measured.present, runs)
    for start, end in _shots(len(time_s), cuts):
        within = [run for run in runs if start <= run.start < end]
        if within:
            _bridge(time_s, place[start:end], [_shifted(run, -start) for run in within], start)
        else:
            place[start:end], status[start:end] = np.nan, ["absent"] * (end - start)
    return AnchorPath(place, weight, status)


def spread(measured: Measured, frame: np.ndarray, count: int) -> Measured:
    """Return the track of some frames as one of all frames of the clip, missing in the others.

    Args:
        measured: in the frames in which the person was seen.
        frame: int [sighting], these frames.
        count: of the clip's frames.
    """
    place, present = np.full((count, 2), np.nan), np.zeros(count, bool)
    place[frame], present[frame] = measured.place, measured.present
    return Measured(place, present, measured.torso)


def _shifted(run: slice, by: int) -> slice:
    return slice(run.start + by, run.stop + by)


def _shots(count: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    bounds = sorted({0, count, *(cut for cut in cuts if 0 < cut < count)})
    return list(itertools.pairwise(bounds))


def _runs(time_s: Seconds, present: Present, cuts: Sequence[int]) -> list[slice]:
    """Return the frames from a first to a last measurement that are smoothed together."""
    seen = np.flatnonzero(present)
    shot = np.searchsorted(np.sort(np.array(cuts, int)), seen, side="right")
    parted = (np.diff(time_s[seen]) > LONGEST_GAP_S) | (np.diff(shot) > 0)
    pieces = np.split(seen, np.flatnonzero(parted) + 1)
    return [slice(int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


def _statuses(present: Present, runs: list[slice]) -> list[Status]:
    status: list[Status] = ["held"] * len(present)
    for run in runs:
        status[run] = ["measured" if seen else "interpolated" for seen in present[run]]
    return status


def _bridge(time_s: Seconds, place: Place, runs: list[slice], start: int) -> None:
    """Fill the frames of a shot outside of its runs, in place; `start` is its first frame."""
    place[: runs[0].start] = place[runs[0].start]
    place[runs[-1].stop :] = place[runs[-1].stop - 1]
    for before, after in itertools.pairwise(runs):
        left, right = before.stop - 1, after.start
        at = time_s[start + left : start + right + 1]
        u = (at - at[0]) / (at[-1] - at[0])
        share = (10.0 * u**3 - 15.0 * u**4 + 6.0 * u**5)[:, None]
        place[left : right + 1] = place[left] + share * (place[right] - place[left])


def _smooth_runs(
    time_s: Seconds, place: Place, present: Present, runs: list[slice], smoothing: Smoothing
) -> tuple[Place, Seconds]:
    smooth, weight = np.zeros_like(place), present.astype(float)
    acceleration = _acceleration(time_s, smoothing)
    for run in runs:
        track = time_s[run] - time_s[run.start], place[run], present[run]
        if smoothing.method == "rts":
            smooth[run], weight[run] = _robust(*track, acceleration)
        else:
            smooth[run] = _filled(time_s[run], _averaged(*track, smoothing))
    return smooth, weight


def _acceleration(time_s: Seconds, smoothing: Smoothing) -> float:
    if smoothing.cutoff_hz is None or len(time_s) < 2:
        return ACCELERATION
    return rts.acceleration_for(smoothing.cutoff_hz, NOISE**2, float(np.median(np.diff(time_s))))


def _robust(
    time_s: Seconds, place: Place, present: Present, acceleration: float
) -> tuple[Place, Seconds]:
    """Smooth a track in float32, padded with missing frames."""
    count = len(time_s)
    more = max(_SHORTEST_PADDED, 1 << (count - 1).bit_length()) - count
    path, weight = rts.robust(
        np.pad(time_s, (0, more), mode="edge").astype(np.float32),
        np.pad(place, ((0, more), (0, 0))).astype(np.float32),
        np.pad(present, (0, more)),
        np.full(count + more, NOISE**2, np.float32),
        np.float32(acceleration),
    )
    return np.array(path.position[:count], np.float64), np.array(weight[:count], np.float64)


def _averaged(time_s: Seconds, place: Place, present: Present, smoothing: Smoothing) -> Place:
    if smoothing.method == "one-euro":
        at, measured = time_s.astype(np.float32), place.astype(np.float32)
        return np.array(one_euro.smooth(at, measured, present, smoothing.one_euro), np.float64)
    if smoothing.method == "gaussian":
        return averages.gaussian(time_s, place, present, smoothing.deviation_s)
    if smoothing.method == "moving":
        return averages.moving(place, present, smoothing.frames)
    return np.where(present[:, None], place, np.nan)


def _filled(time_s: Seconds, place: Place) -> Place:
    """Fill what is not known by straight lines."""
    known = np.isfinite(place).all(-1)
    return np.stack([np.interp(time_s, time_s[known], axis[known]) for axis in place.T], axis=-1)
