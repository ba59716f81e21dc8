"""A recording whose pictures a browser sends one by one, steadied while it lasts."""

import io
import threading
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from dvs_jax.app.job import Job
from dvs_jax.errors import InputError, reading
from dvs_jax.progress import Track
from dvs_jax.stabilization import live, load_model
from dvs_jax.video import NANOSECONDS, VideoInfo
from dvs_jax.video.capture import Captured
from dvs_jax.video.conversion import ToRgb, ToYuv
from dvs_jax.video.dropping_queue import DroppingQueue

MODEL = "stabnet"
"""It looks at no later picture."""

WAITING = 4
"""Pictures that may wait to be steadied, by which the view lags behind at most."""

MOST_PIXELS = 1920 * 1080
SILENCE_S = 10.0
"""Without a picture for so long a recording has ended."""

_USUAL_RATE = Fraction(30)
_CAMERA = Path("camera")
_SHOWN_SIDE = 960


class Shown(NamedTuple):
    """What a browser gets for a picture that it sent.

    Attributes:
        jpeg: the newest steadied picture, or None if it has that already.
        dropped: how many pictures were dropped here so far.
        ended: whether no more are taken.
    """

    jpeg: bytes | None
    dropped: int
    ended: bool


class Live:
    """A recording.

    Attributes:
        file: gets the pictures as they came, once it has ended; `live.stabilized_file` tells where
            the same ones are steadied.
        job: writes both; its result is how many pictures they have.
    """

    def __init__(self, first: bytes, file: Path, most_s: float):
        """Begin; what has to be compiled for pictures of this size is compiled first.

        Args:
            first: a picture as JPEG, which is not part of the recording.
            file: see `file`; its folder is there.
            most_s: how long it may last, in seconds.

        Raises:
            InputError: it is no picture, or one of too many pixels.
        """
        height, width = decoded(first).shape[:2]
        self._info = VideoInfo(
            _CAMERA, width, height, _USUAL_RATE, np.zeros(1, np.int64), 0, has_audio=False
        )
        self._stabilize = live.prepared(self._info, load_model(MODEL))
        self.file, self._most_ns = file, round(most_s * NANOSECONDS)
        self._waiting: DroppingQueue[Captured] = DroppingQueue(WAITING)
        self._to_planes = ToYuv(self._info.color)
        self._newest: av.VideoFrame | None = None
        self._last_ns = -1
        self.job: Job[int] = Job(self._written)

    def cancel(self) -> None:
        """Let it end soon; what was recorded so far may be lost."""
        self._waiting.ended.set()
        self.job.cancel()

    @property
    def dropped(self) -> int:
        """How many pictures were dropped here so far, for this machine was too slow."""
        return self._waiting.dropped

    def push(self, jpeg: bytes, time_ns: int) -> Shown:
        """Take a picture, which may be dropped; never wait for it to be steadied.

        Args:
            jpeg: of the size of the first one.
            time_ns: when it was taken, in nanoseconds since the recording began.

        Raises:
            InputError: it is no picture, or steadying failed.
        """
        if time_ns >= self._most_ns:
            self._waiting.ended.set()
        if not self.job.is_running():
            self.job.result()
        elif time_ns > self._last_ns:
            self._last_ns = time_ns
            self._waiting.put(Captured(self._to_planes(decoded(jpeg)), time_ns))
        newest, self._newest = self._newest, None
        shown = None if newest is None else encoded(newest)
        return Shown(shown, self.dropped, self._waiting.ended.is_set())

    def end(self) -> int:
        """Take no more pictures, and return how many both files have.

        Raises:
            InputError: there is none, or steadying failed.
            CancelledError: it was cancelled.
        """
        self._waiting.ended.set()
        return self.job.result()

    def _written(self, track: Track) -> int:
        count = 0
        written = live.record_in_step(self._taken(), self._info, self.file, self._stabilize)
        with closing(written) as drawn:
            try:
                for each in track(drawn, 0, "recording"):
                    self._newest = each.pictures[0]
                    count += 1
            finally:
                self._waiting.ended.set()
        return count

    def _taken(self) -> Iterator[Captured]:
        try:
            yield from self._waiting.taken(SILENCE_S)
        except TimeoutError:  # the browser has gone
            self._waiting.ended.set()


class Lives:
    """The live recordings of all visitors, one of whom records at a time."""

    def __init__(self, most_s: float):
        """Begin with none; each may last as many seconds."""
        self._most_s = most_s
        self._current: Live | None = None
        self._beginning = threading.Lock()

    def begin(self, first: bytes, file: Path) -> Live:
        """Begin a recording; see `Live`.

        Raises:
            InputError: as `Live`; or another one is not over.
        """
        free = self._beginning.acquire(blocking=False)
        try:
            if not free or (self._current is not None and self._current.job.is_running()):
                raise InputError("Somebody else records here just now; try again in a moment.")
            self._current = Live(first, file, self._most_s)
            return self._current
        finally:
            if free:
                self._beginning.release()


def decoded(jpeg: bytes) -> UInt8[np.ndarray, "height width 3"]:
    """Return the picture of a JPEG, RGB, without a last odd row or column.

    Raises:
        InputError: it is none, or has too many pixels.
    """
    with reading(_CAMERA, "what it sent is no picture"):
        picture = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        width, height = picture.size
        if width * height > MOST_PIXELS or min(width, height) < 2:
            raise InputError(f"{width} × {height} pixels cannot be taken; choose fewer")
        image = np.asarray(picture.convert("RGB"))
    return np.ascontiguousarray(image[: height // 2 * 2, : width // 2 * 2])


def encoded(picture: av.VideoFrame) -> bytes:
    """Return a picture as JPEG, reduced to what is looked at."""
    shown = Image.fromarray(ToRgb(_CAMERA)(picture))
    shown.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    shown.save(file, "JPEG", quality=85)
    return file.getvalue()
