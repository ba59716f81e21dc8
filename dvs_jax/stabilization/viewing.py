"""Each picture with its grid and crop: in one pass where the method allows that, else in two."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

import av
import numpy as np

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.methods import Frame, Method, Picture
from dvs_jax.methods.covered_path import seconds
from dvs_jax.progress import Track
from dvs_jax.stabilization.beside import beside
from dvs_jax.stabilization.framing import Framing, Shares, Shown, framed
from dvs_jax.stages import Stages
from dvs_jax.warping import grid

_POSE_TOLERANCE = 1e-3

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
        pictures: reads the ones that are drawn.
        method: tells each frame's grid.
        crop: the most that may be cut off at each side, as a share of width and height.
        framing: how much of that is; None for the smallest crop where the method knows all frames
            before the first is drawn, and else all of it.
        folder: see `framing.framed`.
        stages: runs decoding and the method in threads.
        track: reports the progress of the first pass.
    """

    def decoded(read: Pictures) -> Iterator[av.VideoFrame]:
        """Decode in a stage of its own, from when the first picture is wanted."""
        yield from stages.run("decoding", read())

    framing = framing or default_framing(method)
    if np.isinf(method.look_ahead_s) or framing == "smallest":
        looked_at = decoded(partial(clips.read_pictures, clip))
        frames = checked(method.frames(clip, looked_at, crop), clip)
        tracked = track(frames, clip.frame_count, "finding the path")
        with stages.naming("finding the path"):
            known = _begun(framed_by(clip, tracked, crop, framing, folder))
        return zip(decoded(pictures), known, strict=False)
    found = stages.run("finding the path", with_pictures(method, clip, decoded(pictures), crop))
    return beside(found, lambda frames: framed_by(clip, frames, crop, framing, folder))


def default_framing(method: Method) -> Framing:
    """Return the smallest crop where a method knows all frames before the first is drawn."""
    return "smallest" if np.isinf(method.look_ahead_s) else "fixed"


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
    return framed(framing, frames, seconds(clip), Shares(crop, clip.size), folder)


def with_pictures(
    method: Method, clip: Clip, pictures: Iterator[Picture], crop: float
) -> Iterator[tuple[Picture, Frame]]:
    """Yield each picture with its frame, whether or not the method reads pictures.

    Pictures that the method has taken wait until it tells their frames.

    Raises:
        InputError: the method takes a picture after it has told its frame.
    """
    waiting: deque[Picture] = deque()
    counts = {"taken": 0, "told": 0}

    def taken() -> Iterator[Picture]:
        for picture in pictures:
            if counts["taken"] < counts["told"]:
                raise InputError(
                    f"{clip.name}, frame {counts['taken']}: the method takes the picture after it "
                    "has told the frame; take it before"
                )
            counts["taken"] += 1
            waiting.append(picture)
            yield picture

    for frame in checked(method.frames(clip, taken(), crop), clip):
        # A method that does not look at pictures leaves them to be taken here.
        picture = waiting.popleft() if waiting else next(pictures, None)
        if picture is None:
            return
        counts["told"] += 1
        yield picture, frame


def checked(frames: Iterable[Frame], clip: Clip) -> Iterator[Frame]:
    """Yield frames, with grids of float32 that are no finer than frames are drawn by.

    Raises:
        InputError: a grid or a pose is not as it should be, or there are not as many as frames.
    """
    shape: tuple[int, ...] | None = None
    count = 0
    for count, frame in enumerate(frames, 1):
        source = np.asarray(frame.source)
        shape = shape or source.shape
        where = f"{clip.name}, frame {count - 1}"
        if count > clip.frame_count:
            raise InputError(f"{where}: the clip has no such frame, and the method tells of one")
        _require_grid(source, shape, where)
        _require_pose(frame.pose, where)
        yield frame._replace(source=_no_finer_than_drawn(source, clip.size))
    if count < clip.frame_count:
        raise InputError(
            f"{clip.name}: the method told of {count} frames, and the clip has {clip.frame_count}"
        )


def _require_grid(source: np.ndarray, shape: tuple[int, ...], where: str) -> None:
    usable = source.ndim == 3 and min(source.shape[:2]) >= 2 and source.shape[2] == 2
    if not usable or source.shape != shape or source.dtype.kind != "f":
        raise InputError(
            f"{where}: the method's grid is {source.dtype} {source.shape}; float32 [rows, columns, "
            "2] of one shape is needed, 2 × 2 or more"
        )


def _require_pose(pose: np.ndarray | None, where: str) -> None:
    if pose is None:
        return
    if np.shape(pose) != (4,) or not abs(np.linalg.norm(pose) - 1.0) < _POSE_TOLERANCE:
        raise InputError(f"{where}: the method's pose is no unit quaternion [x, y, z, w]: {pose}")


def _no_finer_than_drawn(source: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    finest = grid.shape_for(size)
    rows, columns = (min(*each) for each in zip(source.shape[:2], finest, strict=True))
    return grid.resized(source.astype(np.float32, copy=False), (rows, columns))
