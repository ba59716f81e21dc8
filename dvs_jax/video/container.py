"""Opening, demuxing and decoding a file, with errors for people."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from dvs_jax.bounded_file import require_regular
from dvs_jax.errors import InputError, reading, reason
from dvs_jax.video.sample_tables import require_possible_samples
from dvs_jax.video.size import MOST_PIXELS, require_size

logger = logging.getLogger("dvs_jax")

_COMPLAINT = "cannot be read as a video"
_ADVICE = "a recording or copy that was broken off leaves such a file"

# PyAV 18 refuses files whose tags are not UTF-8 unless told otherwise; PyAV 19 has no such option.
_OPEN_OPTIONS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)
# A decoder refuses larger pictures, also in mid-stream, before it allocates memory for them.
_DECODER_OPTIONS = {"max_pixels": str(MOST_PIXELS)}
# No URL in a file can make FFmpeg access the network.
_CONTAINER_OPTIONS = {"protocol_whitelist": "file"}

_TS_DISCONT = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT."""

# Formats that FFmpeg opens as well, and that refer to other files.
_PLAYLISTS = frozenset({"concat", "dash", "hls", "imf", "rtsp", "sdp"})


@contextlib.contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its main video stream, for as long as the context lasts.

    Raises:
      InputError: as `open_container`; there is no video in it; it cannot be decoded here, or its
        pictures are too large. Any other error while reading it is turned into one too.
    """
    with reading(path, _COMPLAINT, _ADVICE), open_container(path) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
            raise InputError(f"{path}: there is no video in this file")
        if stream.codec_context is None:
            raise InputError(f"{path}: no decoder for its video; convert it to H.264 first")
        context = stream.codec_context
        if context.width or context.height:  # else it is known from its first picture on
            require_size(path, context.width, context.height)
        context.options = _DECODER_OPTIONS
        yield container, stream


def open_container(path: Path) -> InputContainer:
    """Open a file, which the caller has to close.

    Raises:
      InputError: there is no such file, or it is no video.
    """
    require_regular(path)
    with reading(path, _COMPLAINT, _ADVICE):
        require_possible_samples(path)
        # Absolute, so that the "a" of "a:b.mp4" is not taken for a protocol.
        container = av.open(
            str(path.absolute()),
            "r",
            options=_DECODER_OPTIONS,
            container_options=_CONTAINER_OPTIONS,
            **_OPEN_OPTIONS,
        )
        if container.format.name in _PLAYLISTS:
            container.close()
            raise InputError(f"{path}: is a list of files, not a video; name one of them")
        # FFmpeg decodes any text file as pictures of a terminal that shows it.
        if container.format.name == "tty":
            container.close()
            raise InputError(f"{path}: is a text file, not a video")
        return container


def demux(container: InputContainer, *streams: Stream) -> Iterator[av.Packet]:
    """Yield the undamaged packets of some streams, as far as the file can be read.

    In formats whose clock may jump also damaged pictures, which may be whole: there one before a
    gap is marked so.
    """
    try:
        for packet in _all_packets(container, streams):
            is_usable = packet.stream.type == "video" and may_jump(container)
            if packet.size > 0 and (is_usable or not packet.is_corrupt):
                yield packet
    except av.FFmpegError as error:
        logger.warning("%s: cannot be read to its end (%s)", container.name, reason(error))


def may_jump(container: InputContainer) -> bool:
    """Whether the clock may jump, as in transport and program streams."""
    return bool(container.format.flags & _TS_DISCONT)


def _all_packets(container: InputContainer, streams: Sequence[Stream]) -> Iterator[av.Packet]:
    while True:
        try:
            yield from container.demux(*streams)
            return
        except IndexError:
            # A stream that began after the file was opened, which PyAV does not know. The packets
            # after its first one can be read.
            continue


def decode(
    stream: VideoStream | AudioStream | SubtitleStream, packet: av.Packet | None
) -> list[Any]:
    """Frames that are ready after this packet; after None, all that the decoder still buffers."""
    try:
        return list(stream.decode(packet) or ())
    except av.FFmpegError:
        return []


def fraction(rational: Any) -> Fraction:
    """PyAV's rational as a Fraction: PyAV 18 has that or None, PyAV 19 its own type, 0 for None."""
    return Fraction(rational.numerator, rational.denominator) if rational else Fraction(0)
