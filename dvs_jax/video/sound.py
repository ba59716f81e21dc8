"""The sound of a video, carried over into another."""

import contextlib
import itertools
import logging
import math
import re
from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from dvs_jax.errors import reason
from dvs_jax.video.container import decode, demux, fraction, open_container
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.times import NANOSECONDS

logger = logging.getLogger("dvs_jax")

# Sound that players expect in a container, copied as it is; Matroska takes any.
_COPIED_SOUND = {
    "mp4": re.compile("aac|mp3|ac3|eac3|alac|flac|opus"),
    "mov": re.compile("aac|mp3|ac3|eac3|alac|pcm_.*"),
    "matroska": re.compile(".*"),
}
_AAC_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1")


def add_sound(
    output: OutputContainer, like: VideoInfo, open_files: contextlib.ExitStack
) -> Iterator[av.Packet]:
    """Give an output a stream for the original's sound; returns the packets to write there."""
    if not like.has_audio:
        return iter(())
    packets = _packets(output, like, open_files)
    return packets if like.cut_ns is None else _within(packets, like.cut_ns)


def _packets(
    output: OutputContainer, like: VideoInfo, open_files: contextlib.ExitStack
) -> Iterator[av.Packet]:
    source = open_files.enter_context(open_container(like.path))
    stream = source.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        logger.warning("%s: no decoder for its sound; the new video is silent", like.path)
        return iter(())
    if _COPIED_SOUND[output.format.name].fullmatch(stream.codec_context.codec.canonical_name):
        with contextlib.suppress(ValueError):  # the container cannot hold this kind of it
            return _copy_sound(source, stream, output.add_stream_from_template(stream))
    return _encode_sound(source, stream, _add_aac(output, stream))


def _copy_sound(
    source: InputContainer, stream: AudioStream, target: AudioStream
) -> Iterator[av.Packet]:
    for packet in demux(source, stream):
        packet.stream = target
        yield packet


def _add_aac(output: OutputContainer, original: AudioStream) -> AudioStream:
    rates = av.Codec("aac", "w").audio_rates or []
    rate = original.sample_rate if original.sample_rate in rates else 48_000
    layout = original.layout.name if original.layout.name in _AAC_LAYOUTS else "stereo"
    return output.add_stream("aac", rate=rate, layout=layout)


def _encode_sound(
    source: InputContainer, stream: AudioStream, target: AudioStream
) -> Iterator[av.Packet]:
    try:
        for packet in itertools.chain(demux(source, stream), [None]):
            for frame in decode(stream, packet):
                yield from target.encode(frame)
    except (ValueError, av.FFmpegError) as error:
        logger.warning("%s: its sound breaks off (%s)", source.name, reason(error))
    yield from target.encode(None)


def start_time(packet: av.Packet) -> Fraction:
    """When it begins to sound, in seconds."""
    return (packet.pts or 0) * fraction(packet.time_base)


def _within(packets: Iterator[av.Packet], cut_ns: tuple[int, int | None]) -> Iterator[av.Packet]:
    """Yield the packets of a part of the sound, dated from the part's beginning on."""
    start = Fraction(cut_ns[0], NANOSECONDS)
    end = math.inf if cut_ns[1] is None else Fraction(cut_ns[1], NANOSECONDS)
    for packet in packets:
        if start_time(packet) >= end:
            return
        if start_time(packet) >= start:
            ticks = round(start / fraction(packet.time_base))
            packet.pts = (packet.pts or 0) - ticks
            packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
            yield packet
