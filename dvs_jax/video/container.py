"""Opening a file and taking it apart, with errors for people."""

import contextlib
import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from dvs_jax.errors import InputError

logger = logging.getLogger("dvs_jax")

# PyAV 18 refuses files whose tags are not UTF-8 unless told otherwise; PyAV 19 has no such option.
_OPEN_OPTIONS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


@contextlib.contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its main video stream, for as long as the context lasts.

    Raises:
      InputError: as `open_container`; or there is no video in it; or it cannot be decoded here.
    """
    with open_container(path) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
            raise InputError(f"{path}: there is no video in this file")
        if stream.codec_context is None:
            raise InputError(f"{path}: no decoder for its video; convert it to H.264 first")
        yield container, stream


def open_container(path: Path) -> InputContainer:
    """Open a file, which the caller has to close.

    Raises:
      InputError: there is no such file, or it is no video.
    """
    try:
        # Absolute, lest "a:b.mp4" be taken for a protocol.
        container = av.open(str(path.absolute()), "r", **_OPEN_OPTIONS)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, av.FFmpegError) as error:
        raise InputError(
            f"{path}: cannot be read as a video ({reason(error)}); a recording or copy that "
            "was broken off leaves such a file"
        ) from error
    # FFmpeg "plays" any text file as a terminal would show it.
    if container.format.name == "tty":
        container.close()
        raise InputError(f"{path}: is a text file, not a video")
    return container


def demux(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[av.Packet]:
    """Yield the packets that are whole, as far as the file can be read."""
    try:
        for packet in container.demux(stream):
            if packet.size > 0 and not packet.is_corrupt:
                yield packet
    except av.FFmpegError as error:
        logger.warning("%s: cannot be read to its end (%s)", container.name, reason(error))


def decode(stream: VideoStream | AudioStream, packet: av.Packet | None) -> list[Any]:
    """Frames that are ready after this packet; after None, all that the decoder still holds."""
    try:
        return stream.decode(packet)
    except av.FFmpegError:
        return []


def fraction(rational: Any) -> Fraction:
    """PyAV 18 gives a Fraction or None, PyAV 19 a rational of its own, 0 for None."""
    return Fraction(rational.numerator, rational.denominator) if rational else Fraction(0)


def reason(error: Exception) -> str:
    """What went wrong, without the path and the number that many errors put around it."""
    return getattr(error, "strerror", None) or str(error)
