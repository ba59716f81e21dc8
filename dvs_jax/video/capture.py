"""A camera's pictures as they come; what is not taken in time is dropped and counted."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from dvs_jax.errors import InputError, reason
from dvs_jax.video import camera_source
from dvs_jax.video.camera_source import SILENCE_S
from dvs_jax.video.color import color_of
from dvs_jax.video.container import fraction
from dvs_jax.video.conversion import ToPlanes, depth_of
from dvs_jax.video.dropping_queue import DroppingQueue
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.picture import even
from dvs_jax.video.probing import pixel_aspect
from dvs_jax.video.size import require_size
from dvs_jax.video.times import NANOSECONDS

WAITING = 16
"""Capacity of the bounded queue, in pictures: half a second, 50 MB in full HD."""

_SHORTEST_STEP_NS = 20_000
"""Two ticks of the 90 kHz video clock fit into it: closer pictures could not be stored."""

_USUAL_RATE = Fraction(30)
_PAUSE_S = 0.005
"""Between two attempts to read from a camera that has no picture yet."""

logger = logging.getLogger("dvs_jax")


class Captured(NamedTuple):
    """A picture.

    Attributes:
        picture: in one of `conversion.FORMATS`, of even size; not to be written to.
        time_ns: when it was taken, in nanoseconds since the first one.
    """

    picture: av.VideoFrame
    time_ns: int


class Capture:
    """A camera that is open as long as the context lasts.

    Attributes:
        info: what a file of its pictures is like; of their times it knows the first alone.
        ended: set it to end; it is set where the source ends by itself.
    """

    def __init__(self, camera: str):
        """Describe the camera; entering the context opens it.

        Args:
            camera: see `camera_source.parse`.

        Raises:
            InputError: as `camera_source.parse`.
        """
        self._camera, self._source = camera, camera_source.parse(camera)
        self._waiting: DroppingQueue[tuple[av.VideoFrame, int]] = DroppingQueue(WAITING)
        self.ended = self._waiting.ended

    @property
    def dropped(self) -> int:
        """How many pictures were dropped so far, since the queue was full."""
        return self._waiting.dropped

    def __enter__(self) -> Self:
        """Open the camera, and look at one picture, which is not part of the recording.

        Raises:
            InputError: it cannot be opened, or shows nothing.
        """
        with ExitStack() as opened:
            try:
                self._container = opened.enter_context(self._source.open())
                self._stream = _video_of(self._container, self._camera)
                self._decoded = _decoded(self._container, self._stream)
                first = next(self._decoded, None)
            except (av.FFmpegError, OSError) as error:
                raise InputError(f"{self._camera}: cannot be opened ({reason(error)})") from error
            if first is None:
                raise InputError(f"{self._camera}: shows no picture")
            self.info = _described(self._camera, self._stream, first)
            opened.pop_all()
        self._size = first.width, first.height
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop reading, and close the camera unless it hangs."""
        self.ended.set()
        if self._thread.ident is not None:
            self._thread.join(2.0 * SILENCE_S)
        if not self._thread.is_alive():
            self._container.close()

    def pictures(self) -> Iterator[Captured]:
        """Yield the pictures from now on, until it has ended; to be called once."""
        to_planes = ToPlanes(Path(self._camera))
        self._thread.start()
        try:
            # Reading is the first to give up, if it can: its reason is the better one.
            for frame, time_ns in self._waiting.taken(1.5 * SILENCE_S):
                yield Captured(even(to_planes(frame)), time_ns)
        except TimeoutError as error:
            self._tell_end(error)
            self.ended.set()

    def _read(self) -> None:
        """Pass pictures on, and never wait for the other side."""
        try:
            self._waiting.fill(self._timed())
        except (av.FFmpegError, OSError) as error:
            self._tell_end(error)

    def _tell_end(self, error: Exception) -> None:
        logger.warning("%s: has ended (%s)", self._camera, reason(error))

    def _timed(self) -> Iterator[tuple[av.VideoFrame, int]]:
        """Yield frames with their times since the first, ascending; others are left out."""
        first: float | None = None
        last_ns = -_SHORTEST_STEP_NS
        for frame in self._decoded:
            if (frame.width, frame.height) != self._size:
                logger.warning("%s: has ended, for its pictures change in size", self._camera)
                return
            now = time.monotonic() if frame.time is None else frame.time
            first = now if first is None else first
            time_ns = round((now - first) * NANOSECONDS)
            if time_ns - last_ns >= _SHORTEST_STEP_NS:
                last_ns = time_ns
                yield frame, time_ns


def _video_of(container: InputContainer, camera: str) -> VideoStream:
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        raise InputError(f"{camera}: has no picture")
    return stream


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    asked = time.monotonic()
    while True:
        try:
            for frame in container.decode(stream):
                yield frame
                asked = time.monotonic()
            return
        except BlockingIOError:  # what AVFoundation says where it has no picture yet
            if time.monotonic() - asked > SILENCE_S:
                raise TimeoutError(f"nothing came for {SILENCE_S:g} s") from None
            time.sleep(_PAUSE_S)


def _described(camera: str, stream: VideoStream, first: av.VideoFrame) -> VideoInfo:
    path = Path(camera)
    require_size(path, first.width, first.height)
    rates = (fraction(rate) for rate in (stream.average_rate, stream.base_rate))
    return VideoInfo(
        path=path,
        width=first.width - first.width % 2,
        height=first.height - first.height % 2,
        frame_rate=next((rate for rate in rates if rate > 0), _USUAL_RATE),
        time_ns=np.zeros(1, np.int64),
        rotation=0,
        has_audio=False,
        color=color_of(path, first),
        bit_depth=depth_of(first),
        pixel_aspect=pixel_aspect(stream),
    )
