"""Windows: what a viewer did just before an instant, and just after it."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from dvs_jax.errors import InputError
from dvs_jax.viewport import cues
from dvs_jax.viewport.cues import Cues
from dvs_jax.viewport.tracks import Track

PAST, FUTURE = 15, 25
"""Samples, at five a second; the last of the past is the instant itself."""


class Windows(NamedTuple):
    """Windows of several tracks.

    Attributes:
        viewer: str [window].
        video: str [window].
        last: int [window], the number of the last sample seen, on the video's clock.
        past: float32 [window, past, 3], unit vectors.
        future: float32 [window, future, 3].
        cues: of the past's samples, [window, past, ...].
        left_out: how many windows had an invalid sample.
    """

    viewer: np.ndarray
    video: np.ndarray
    last: Int[np.ndarray, "window"]
    past: Float[np.ndarray, "window past 3"]
    future: Float[np.ndarray, "window future 3"]
    cues: Cues
    left_out: int


def cut(
    tracks: Sequence[Track],
    stride: int,
    past: int = PAST,
    future: int = FUTURE,
    between: tuple[int, int] | None = None,
) -> Windows:
    """Cut windows out of tracks.

    Args:
        tracks: none shorter than a window makes a difference.
        stride: samples from one window to the next; 5 is usual in training, 1 in tests.
        past: samples of it.
        future: likewise.
        between: the first and the last number that the last sample seen may have; any by default.

    Raises:
        InputError: no window is left.
    """
    pieces = [_cut(track, stride, past, future, between) for track in tracks]
    if not any(len(last) for last, _, _ in pieces):
        raise InputError(
            f"no window of {past} + {future} valid samples is left in {len(tracks)} tracks; "
            "record for longer, or find out why samples are invalid"
        )
    counts = [len(last) for last, _, _ in pieces]
    seen = [cues_of(track, last, past) for track, (last, _, _) in zip(tracks, pieces, strict=True)]
    samples = np.concatenate([samples for _, samples, _ in pieces])
    return Windows(
        viewer=np.repeat([track.viewer for track in tracks], counts),
        video=np.repeat([track.video for track in tracks], counts),
        last=np.concatenate([last for last, _, _ in pieces]),
        past=samples[:, :past],
        future=samples[:, past:],
        cues=jax.tree.map(lambda *parts: np.concatenate(parts), *seen),
        left_out=sum(left_out for _, _, left_out in pieces),
    )


def some(windows: Windows, chosen: Int[np.ndarray, "chosen"]) -> Windows:
    """Return some of the windows."""
    kept = {
        name: jax.tree.map(lambda each: each[chosen], value)
        for name, value in windows._asdict().items()
        if name != "left_out"
    }
    return windows._replace(**kept)


def steps(windows: Windows) -> Int[np.ndarray, "window step"]:
    """Return the numbers, on the video's clock, of all samples of windows, past and future."""
    past, future = windows.past.shape[1], windows.future.shape[1]
    return windows.last[:, None] + np.arange(1 - past, future + 1)


def numbers(
    viewers: Sequence[str], viewer: Sequence[str] | np.ndarray
) -> Int[np.ndarray, "window"]:
    """Return the places of viewers among those whom a network knows, int32.

    Args:
        viewers: whom it knows.
        viewer: of each window.

    Returns:
        1 for the first, and so on; 0 for others.
    """
    place = {name: number for number, name in enumerate(viewers, 1)}
    return np.array([place.get(str(name), 0) for name in viewer], np.int32)


def cues_of(track: Track, last: Int[np.ndarray, "window"], past: int) -> Cues:
    """Return the cues of windows' past samples, [window, past, ...].

    Args:
        track: which they are of.
        last: the numbers of the last samples seen, on the video's clock.
        past: samples of it.
    """
    found = cues.of_head(track.direction) if track.cues is None else track.cues
    samples = last[:, None] - track.first + np.arange(1 - past, 1)
    return Cues(*(each[samples] for each in found))


def _cut(
    track: Track, stride: int, past: int, future: int, between: tuple[int, int] | None
) -> tuple[Int[np.ndarray, "window"], Float[np.ndarray, "window step 3"], int]:
    last = np.arange(past - 1, len(track.direction) - future, stride)
    if between is not None:
        last = last[(last + track.first >= between[0]) & (last + track.first <= between[1])]
    samples = last[:, None] + np.arange(1 - past, future + 1)
    sound = track.valid[samples].all(axis=1)
    return last[sound] + track.first, track.direction[samples[sound]], int((~sound).sum())
