"""A camera's pictures written as they come, and stabilised meanwhile."""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float

from dvs_jax.clip import RESULTS, Clip
from dvs_jax.errors import InputError
from dvs_jax.methods import Frame, Method, Picture, refined
from dvs_jax.motion.tracking import Tracker
from dvs_jax.stabilization.beside import beside
from dvs_jax.stabilization.drawing import Drawn, drawn
from dvs_jax.stabilization.framing import Shares, Shown, framed
from dvs_jax.stabilization.settings import DEFAULT_CRF, DEFAULT_CROP, DEFAULT_PRESET
from dvs_jax.stabnet.method import StabNetMethod
from dvs_jax.stabnet.method import Stream as StabNetStream
from dvs_jax.stages import Stages, one_opencv_thread
from dvs_jax.video import NANOSECONDS, VideoInfo, VideoWriter
from dvs_jax.video.capture import WAITING, Capture, Captured
from dvs_jax.video.dropping_queue import DroppingQueue
from dvs_jax.video.picture import blank, planes
from dvs_jax.warping import grid
from dvs_jax.whole_file import replacing

LOOK_AHEAD_S = 0.4
"""Look-ahead in seconds of the pictures alone."""

Grid = Float[np.ndarray, "rows columns 2"]

Stabilize = Callable[[Iterable[Captured]], Iterator[tuple[int, Drawn]]]
"""Draws a camera's pictures, each with its time in nanoseconds, some of them later."""

_log = logging.getLogger("dvs_jax")


class Stream(Protocol):
    """Computes backward grids of pictures one after the other (see `methods.Frame`)."""

    def push(self, picture: Picture) -> list[Grid]:
        """Take a picture; return the grids that are then known, in order."""
        ...

    def finish(self) -> list[Grid]:
        """Return the grids of those that still wait, last ones last; others may precede them."""
        ...


class _ByPictures:
    def __init__(self, clip: Clip, crop: float):
        self._tracker = Tracker()
        self._stream = refined.Stream(clip, crop, "mesh", LOOK_AHEAD_S, rectify=True)
        self._as_filmed = grid.output_points(*grid.shape_for(clip.size)).astype(np.float32)

    def push(self, picture: Picture) -> list[Grid]:
        return self._stream.push(self._tracker.follow(picture), self._as_filmed)

    def finish(self) -> list[Grid]:
        return self._stream.finish()


class _ByStabNet:
    def __init__(self, method: StabNetMethod, clip: Clip, crop: float):
        self._stream = StabNetStream(method.network, clip, crop)

    def push(self, picture: Picture) -> list[Grid]:
        return [self._stream.push(picture)]

    def finish(self) -> list[Grid]:
        return []


def require_live(method: Method | None) -> None:
    """Raise InputError unless a method can be run live; None are the pictures alone."""
    if method is not None and not isinstance(method, StabNetMethod):
        raise InputError(
            "while it records, only pictures alone and our StabNet stabilise; leave out --model, "
            "or --live"
        )


def _begun(method: Method | None, clip: Clip) -> Stream:
    require_live(method)
    if isinstance(method, StabNetMethod):
        return _ByStabNet(method, clip, DEFAULT_CROP)
    return _ByPictures(clip, DEFAULT_CROP)


def record(capture: Capture, file: Path, until_s: float) -> int:
    """Write a camera's pictures to a file.

    Args:
        capture: an open camera.
        file: .mp4; it appears when the recording ends, however that is.
        until_s: the longest that it may last, in seconds.

    Returns:
        How many pictures were written.

    Raises:
        InputError: no picture came, or the file cannot be written.
    """
    return sum(1 for _ in _recorded(capture, file, until_s))


def prepared(info: VideoInfo, method: Method | None) -> Stabilize:
    """Return what stabilises the pictures of a camera, with all compiled that this takes.

    Args:
        info: what the pictures are like.
        method: our StabNet, which needs no later picture; or None: the pictures alone, 0.4 s ahead.

    Raises:
        InputError: the method is another.
    """
    clip = _like(info)
    for _ in _stabilized(_blanks(clip), clip, _begun(method, clip)):
        pass
    return lambda captured: _stabilized(_alike(captured, clip), clip, _begun(method, clip))


def record_stabilized(capture: Capture, file: Path, until_s: float, stabilize: Stabilize) -> Path:
    """Write a camera's pictures to a file, and stabilised to a second one meanwhile.

    The first one never waits for the second: pictures that this machine is too slow to stabilise
    are in the first alone, and their number is told. It is also kept if stabilising fails.

    Args:
        capture: an open camera.
        file: for the pictures as they come; see `record`.
        until_s: see `record`.
        stabilize: what `prepared` returned for such pictures.

    Returns:
        The stabilised video, beside the other.

    Raises:
        InputError: as `record`; or the pictures have another size than those prepared for.
    """
    steady = stabilized_file(file)
    recorded: DroppingQueue[Captured] = DroppingQueue(WAITING)
    with (
        _writer(steady, capture.info) as writer,
        one_opencv_thread(),
        Stages() as stages,
        ThreadPoolExecutor(1, "recording") as pool,
    ):
        recording = pool.submit(recorded.fill, _recorded(capture, file, until_s))
        try:
            for time_ns, each in stages.run("stabilising", stabilize(recorded.taken())):
                writer.write_picture(each.pictures[0], time_ns)
        finally:
            capture.ended.set()
        recording.result()
    if recorded.dropped:
        _log.warning(
            "%s: this machine was too slow to stabilise %d of its pictures; dvs-jax stabilize "
            "makes them all",
            *(file, recorded.dropped),
        )
    return steady


def record_in_step(
    captured: Iterable[Captured], info: VideoInfo, file: Path, stabilize: Stabilize
) -> Generator[Drawn, None, None]:
    """Write pictures to a file, and the very same ones stabilised to a second one meanwhile.

    Args:
        captured: a camera's pictures; whoever yields them drops those that this is too slow for.
        info: what they are like.
        file: for the pictures as they come; see `record`. `stabilized_file` tells the other's name.
        stabilize: what `prepared` returned for such pictures.

    Yields:
        Each picture as it was drawn, once both are written.

    Raises:
        InputError: as `record_stabilized`.
    """
    with (
        _writer(file, info) as recorded,
        _writer(stabilized_file(file), info) as steady,
        one_opencv_thread(),
        Stages() as stages,
    ):
        for time_ns, each in stages.run("stabilising", stabilize(captured)):
            recorded.write_picture(each.source, time_ns)
            steady.write_picture(each.pictures[0], time_ns)
            yield each


def stabilized_file(file: Path) -> Path:
    """Return where a recording's stabilised video is, beside it."""
    return file.with_name(f"{file.stem}{RESULTS[0]}{file.suffix}")


@contextmanager
def _writer(file: Path, info: VideoInfo) -> Iterator[VideoWriter]:
    with (
        replacing(file) as part,
        VideoWriter(part, info, info.width, info.height, DEFAULT_CRF, DEFAULT_PRESET) as writer,
    ):
        yield writer


def _recorded(capture: Capture, file: Path, until_s: float) -> Iterator[Captured]:
    """Pass a camera's pictures on, and write each."""
    with _writer(file, capture.info) as writer:
        for each in _until(capture, until_s):
            writer.write_picture(each.picture, each.time_ns)
            yield each


def _until(capture: Capture, until_s: float) -> Iterator[Captured]:
    for captured in capture.pictures():
        if captured.time_ns >= until_s * NANOSECONDS:
            capture.ended.set()
            return
        yield captured


def _alike(captured: Iterable[Captured], clip: Clip) -> Iterator[Captured]:
    """Pass pictures on; raise InputError if they have another size than the clip."""
    for each in captured:
        size = each.picture.width, each.picture.height
        if size != clip.size:
            before, now = (f"{width} × {height}" for width, height in (clip.size, size))
            raise InputError(
                f"{clip.video.path}: its pictures had {before} pixels, and have {now} now; "
                "start again"
            )
        yield each


def _like(info: VideoInfo) -> Clip:
    """Return a clip of a camera's size and rate, long enough for any look-ahead."""
    frames = round(2.0 * LOOK_AHEAD_S * info.frame_rate) + 2
    time_ns = np.array([round(i * NANOSECONDS / info.frame_rate) for i in range(frames)], np.int64)
    return Clip("camera", replace(info, time_ns=time_ns), None)


def _blanks(clip: Clip) -> Iterator[Captured]:
    for time_ns in clip.video.time_ns.tolist():
        picture = blank(clip.size, clip.video.bit_depth)
        for plane in planes(picture):
            plane[...] = time_ns % 100
        yield Captured(picture, time_ns)


def _stabilized(
    captured: Iterable[Captured], clip: Clip, stream: Stream
) -> Iterator[tuple[int, Drawn]]:
    """Yield each picture's time in nanoseconds, and the picture as it is drawn."""
    pairs = ((each.time_ns, (each.picture, one)) for each, one in _shown(captured, clip, stream))
    return beside(pairs, lambda given: drawn(given, clip, False, "black"))


def _shown(
    captured: Iterable[Captured], clip: Clip, stream: Stream
) -> Iterator[tuple[Captured, Shown]]:
    times: deque[float] = deque()

    def timed() -> Iterator[tuple[Captured, Frame]]:
        for each, frame in _found(captured, stream):
            times.append(each.time_ns / NANOSECONDS)
            yield each, frame

    seconds = (times.popleft() for _ in iter(int, 1))
    shares = Shares(DEFAULT_CROP, clip.size)
    return beside(timed(), lambda frames: framed("fixed", frames, seconds, shares))


def _found(captured: Iterable[Captured], stream: Stream) -> Iterator[tuple[Captured, Frame]]:
    """Yield each picture with its grid; pictures wait no longer than the stream looks ahead."""
    waiting: deque[Captured] = deque()
    for each in captured:
        waiting.append(each)
        for source in stream.push(each.picture):
            yield waiting.popleft(), Frame(source)
    if waiting:
        for each, source in zip(waiting, stream.finish()[-len(waiting) :], strict=True):
            yield each, Frame(source)
