"""Copying the sound of a video into another."""

import contextlib
import io
import itertools
import logging
import math
import re
from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from dvs_jax.errors import InputError, reading
from dvs_jax.video.container import decode, demux, fraction, open_container
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.times import NANOSECONDS

logger = logging.getLogger("dvs_jax")

# Codecs that players expect in a container, copied without encoding; Matroska takes any.
_COPIED_SOUND = {
    "mp4": re.compile("aac|mp3|ac3|eac3|alac|flac|opus"),
    "mov": re.compile("aac|mp3|ac3|eac3|alac|pcm_.*"),
    "matroska": re.compile(".*"),
}
# In Hz. Resampling from rates such as 1 Hz to the encoder's could take gigabytes.
_SAMPLE_RATES = range(1000, 1_000_001)
_AAC_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1")


def add_sound(
    output: OutputContainer, like: VideoInfo, open_files: contextlib.ExitStack
) -> Iterator[av.Packet]:
    """Add a stream for the original's sound to an output, and return the packets to mux there.

    Sound that cannot be read is left out, and a warning says so.
    """
    if not like.has_audio:
        return iter(())
    try:
        with reading(like.path, "its sound cannot be carried over"):
            packets = _packets(output, like, open_files)
            return packets if like.cut_ns is None else _within(packets, like.cut_ns)
    except InputError as error:
        logger.warning("%s; the new video is silent", error)
        return iter(())


def _packets(
    output: OutputContainer, like: VideoInfo, open_files: contextlib.ExitStack
) -> Iterator[av.Packet]:
    source = open_files.enter_context(open_container(like.path))
    stream = source.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        logger.warning("%s: no decoder for its sound; the new video is silent", like.path)
        return iter(())
    if stream.sample_rate not in _SAMPLE_RATES:
        raise ValueError(f"{stream.sample_rate} samples a second are impossible")
    packets = demux(source, stream)
    first = next(packets, None)
    if first is None:
        return iter(())
    packets = itertools.chain([first], packets)
    if _is_copied(first, stream, output.format.name):
        return _copy_sound(packets, output.add_stream_from_template(stream))
    return _encode_sound(packets, stream, _add_aac(output, stream))


def _is_copied(first: av.Packet, stream: AudioStream, container: str) -> bool:
    """Whether a container's muxer accepts the sound unchanged, tried on one packet and no video.

    It might otherwise refuse damaged parameters only after the video has been written.
    """
    if not _COPIED_SOUND[container].fullmatch(stream.codec_context.codec.canonical_name):
        return False
    try:
        with av.open(io.BytesIO(), "w", format=container) as rehearsal:
            packet = av.Packet(bytes(first))
            packet.time_base, packet.pts, packet.dts = first.time_base, 0, 0
            packet.stream = rehearsal.add_stream_from_template(stream)
            rehearsal.mux(packet)
    except (ValueError, av.FFmpegError):
        return False
    return True


def _copy_sound(packets: Iterator[av.Packet], target: AudioStream) -> Iterator[av.Packet]:
    for packet in packets:
        packet.stream = target
        yield packet


def _add_aac(output: OutputContainer, original: AudioStream) -> AudioStream:
    rates = av.Codec("aac", "w").audio_rates or []
    rate = original.sample_rate if original.sample_rate in rates else 48_000
    layout = original.layout.name if original.layout.name in _AAC_LAYOUTS else "stereo"
    return output.add_stream("aac", rate=rate, layout=layout)


def _encode_sound(
    packets: Iterator[av.Packet], stream: AudioStream, target: AudioStream
) -> Iterator[av.Packet]:
    try:
        with reading(stream.container.name, "its sound breaks off"):
            for packet in itertools.chain(packets, [None]):
                for frame in decode(stream, packet):
                    yield from target.encode(frame)
    except InputError as error:
        logger.warning("%s", error)
    yield from target.encode(None)


def start_time(packet: av.Packet) -> Fraction:
    """The presentation time of a packet, in seconds."""
    return (packet.pts or 0) * fraction(packet.time_base)


def _within(packets: Iterator[av.Packet], cut_ns: tuple[int, int | None]) -> Iterator[av.Packet]:
    """Yield the packets of a part of the sound, with times counted from the part's start."""
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
