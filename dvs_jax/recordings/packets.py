"""The telemetry packets in a video, found by PyAV's index without reading the pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from dvs_jax.video.container import fraction, open_container

_LARGEST_PACKET = 1 << 24
"""Bytes; a second of GoPro telemetry has 10,000."""


@dataclass(frozen=True)
class Packet:
    """One packet.

    Attributes:
        start_s: its time in seconds since the video's first frame.
        data: its bytes.
    """

    start_s: float
    data: bytes


@dataclass(frozen=True)
class Picture:
    """The video's picture: width and height in pixels, and how long it is shown in seconds."""

    width: int
    height: int
    lasts_s: float


def picture(path: Path) -> Picture | None:
    """Return what a file says of its main video, or None where there is none."""
    with open_container(path) as container:
        video = container.streams.best("video")
        if not isinstance(video, VideoStream) or video.codec_context is None:
            return None
        lasts_s = float((video.duration or 0) * fraction(video.time_base))
        return Picture(video.codec_context.width, video.codec_context.height, lasts_s)


def packets(path: Path, beginning: bytes) -> Iterator[Packet]:
    """Yield the packets of a file's first data stream whose packets have this beginning.

    Raises:
        InputError: the file cannot be opened as a video.
        OSError: it cannot be read.
    """
    with open_container(path) as container, path.open("rb") as file:
        left = path.stat().st_size
        chosen = None
        for stream in (each for each in container.streams if each.type == "data"):
            for entry in stream.index_entries:
                if entry.pos < 0 or not 0 < entry.size <= min(_LARGEST_PACKET, left):
                    continue
                file.seek(entry.pos)
                data = file.read(entry.size)
                # An index may name the same bytes any number of times.
                left -= entry.size
                if chosen is None and not data.startswith(beginning):
                    break
                chosen = stream
                yield Packet(_start_s(container, stream, entry.timestamp), data)
            if chosen is not None:
                return


def has_data(path: Path) -> bool:
    """Return whether a file has a stream of data that may be a gyro's.

    A timecode has one packet, and what phones of Apple write holds none.
    """
    with open_container(path) as container:
        return any(
            stream.type == "data"
            and len(stream.index_entries) > 1
            and "Core Media" not in stream.metadata.get("handler_name", "")
            for stream in container.streams
        )


def _start_s(container: InputContainer, stream: Stream, ticks: int) -> float:
    video = container.streams.best("video")
    begins = 0.0
    if video is not None and video.start_time is not None:
        begins = float(video.start_time * fraction(video.time_base))
    return float(ticks * fraction(stream.time_base)) - begins
