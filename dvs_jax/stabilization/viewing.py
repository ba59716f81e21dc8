"""Each picture with its grid and crop: in one pass where the method allows that, else in two."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import av
import numpy as np

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.methods import Frame, Method, Picture
from dvs_jax.progress import Track
from dvs_jax.stabilization.beside import beside
from dvs_jax.stabilization.framing import Framing, Shares, Shown, framed
from dvs_jax.stages import Stages

Pictures = Callable[[], Iterable[av.VideoFrame]]
"""Starts reading the clip's frames from the first."""


def shown(
    clip: Clip,
    pictures: Pictures,
    method: Method,
    crop: float,
    framing: Framing | None,
    folder: Path | None,
    stages: Stages,
    track: Track,
) -> Iterator[tuple[av.VideoFrame, Shown]]:
    """Yield each picture with its grid and crop, in order.

    Args:
        clip: what `load_clip` found.
        pictures: reads them; called once, or twice where the method reads pictures and all grids
            are needed before the first frame is drawn.
        method: computes each frame's grid.
        crop: the most that may be cut off at each side, as a fraction of width and height.
        framing: how much of that is; None for the smallest crop where it takes no second pass over
            the video, and else all of it.
        folder: see `framing.framed`.
        stages: runs decoding and the method in threads.
        track: reports the progress of the first pass.
    """

    def decoded() -> Iterator[av.VideoFrame]:
        """Decode in a stage of its own, started when the first picture is asked for."""
        yield from stages.run("decoding", pictures())

    whole = bool(np.isinf(method.look_ahead_s))
    if framing is None:
        framing = "smallest" if whole else "fixed"
    if whole or framing == "smallest":
        frames = checked(method.frames(clip, decoded(), crop), clip)
        tracked = track(frames, clip.frame_count, "finding the path")
        known = _begun(framed_by(clip, tracked, crop, framing, folder))
        return zip(decoded(), known, strict=False)
    found = stages.run("finding the path", with_pictures(method, clip, decoded(), crop))
    return beside(
        found, lambda frames: framed_by(clip, checked(frames, clip), crop, framing, folder)
    )


def _begun(shown: Iterator[Shown]) -> Iterator[Shown]:
    """Compute the first item now, and with it everything that all items depend on."""
    first = list(islice(shown, 1))
    return chain(first, shown)


def framed_by(
    clip: Clip,
    frames: Iterable[Frame],
    crop: float,
    framing: Framing,
    folder: Path | None = None,
) -> Iterator[Shown]:
    """Return the grid and crop of a clip's frames; see `framing.framed`."""
    time_ns = clips.center_time_ns(clip)
    time_s = (time_ns - time_ns[0]) * 1e-9
    return framed(framing, frames, time_s, Shares(crop, clip.size), folder)


def with_pictures(
    method: Method, clip: Clip, pictures: Iterator[Picture], crop: float
) -> Iterator[tuple[Picture, Frame]]:
    """Yield each picture with its frame, whether or not the method reads pictures.

    Pictures that the method has taken are queued until it yields their frames.
    """
    waiting: deque[Picture] = deque()

    def taken() -> Iterator[Picture]:
        for picture in pictures:
            waiting.append(picture)
            yield picture

    by_method = taken()
    for frame in method.frames(clip, by_method, crop):
        if not waiting and next(by_method, None) is None:
            return
        yield waiting.popleft(), frame


def checked(frames: Iterable[Frame], clip: Clip) -> Iterator[Frame]:
    """Yield frames unchanged, once their grids are checked.

    Raises:
        InputError: a grid has a wrong shape or type, or there are fewer grids than frames.
    """
    shape: tuple[int, ...] | None = None
    count = 0
    for count, frame in enumerate(frames, 1):
        source = np.asarray(frame.source)
        shape = shape or source.shape
        usable = source.ndim == 3 and min(source.shape[:2]) >= 2 and source.shape[2] == 2
        if not usable or source.shape != shape or source.dtype.kind != "f":
            raise InputError(
                f"{clip.name}, frame {count - 1}: the method's grid is {source.dtype} "
                f"{source.shape}; float32 [rows, columns, 2] of one shape is needed, 2 × 2 or more"
            )
        yield frame._replace(source=source.astype(np.float32, copy=False))
    if count < clip.frame_count:
        raise InputError(
            f"{clip.name}: the method told of {count} frames, and the clip has {clip.frame_count}"
        )
