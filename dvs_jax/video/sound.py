"""Copying a track of sound of a video into another, or encoding it anew."""

import io
import re
from collections.abc import Callable, Iterator

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from dvs_jax.video.container import decode

# Codecs that players expect in a container, copied without encoding; Matroska takes any.
_COPIED = {
    "mp4": re.compile("aac|mp3|ac3|eac3|alac|flac|opus"),
    "mov": re.compile("aac|mp3|ac3|eac3|alac|pcm_.*"),
    "matroska": re.compile(".*"),
}
# In Hz. Resampling from rates such as 1 Hz to the encoder's could take gigabytes.
_SAMPLE_RATES = range(1000, 1_000_001)
_AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}


def sound_track(
    output: OutputContainer, stream: AudioStream, first: av.Packet
) -> tuple[AudioStream, Callable[[av.Packet | None], Iterator[av.Packet]]]:
    """Add a stream for a track of sound, and return it with what makes its packets.

    Args:
      output: the video that is written.
      stream: the original's.
      first: its first packet.

    Raises:
      ValueError: it cannot be decoded, or its rate is impossible.
    """
    if stream.codec_context is None:
        raise ValueError("there is no decoder for it")
    if stream.sample_rate not in _SAMPLE_RATES:
        raise ValueError(f"{stream.sample_rate} samples a second are impossible")
    if _is_copied(first, stream, output.format.name):
        target = output.add_stream_from_template(stream)
        return target, lambda packet: _copied(packet, target)
    target = _add_aac(output, stream)
    return target, lambda packet: _encoded(packet, stream, target)


def _is_copied(first: av.Packet, stream: AudioStream, container: str) -> bool:
    """Whether a container's muxer accepts the sound unchanged, tried on one packet and no video.

    It might otherwise refuse damaged parameters only after the video has been written.
    """
    if not _COPIED[container].fullmatch(stream.codec_context.codec.canonical_name):
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


def _copied(packet: av.Packet | None, target: AudioStream) -> Iterator[av.Packet]:
    if packet is not None:
        packet.stream = target
        yield packet


def _add_aac(output: OutputContainer, original: AudioStream) -> AudioStream:
    rates = av.Codec("aac", "w").audio_rates or []
    rate = original.sample_rate if original.sample_rate in rates else 48_000
    layout = original.layout
    name = layout.name
    if name not in _AAC_LAYOUTS.values():  # also where a file tells their number alone
        name = _AAC_LAYOUTS.get(layout.nb_channels, "stereo")
    return output.add_stream("aac", rate=rate, layout=name)


def _encoded(
    packet: av.Packet | None, stream: AudioStream, target: AudioStream
) -> Iterator[av.Packet]:
    for frame in decode(stream, packet):
        yield from target.encode(frame)
    if packet is None:
        yield from target.encode(None)
