"""Copying a track of subtitles of a video into another, or turning it into plain text."""

from collections.abc import Callable, Iterator
from typing import Literal

import av
from av.container import InputContainer, OutputContainer
from av.subtitles.stream import SubtitleStream

from dvs_jax.video.container import decode

_TEXT: Literal["mov_text"] = "mov_text"
"""The only subtitles of MP4 and MOV."""

_TEXTS = frozenset({_TEXT, "subrip", "webvtt", "ass", "text"})

# FFmpeg's encoder of them takes its style from the head of a script in ASS.
_STYLE = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def subtitle_track(
    output: OutputContainer, stream: SubtitleStream
) -> tuple[SubtitleStream, Callable[[av.Packet | None], Iterator[av.Packet]]]:
    """Add a stream for a track of subtitles, and return it with what makes its packets.

    Args:
      output: the video that is written.
      stream: the original's.

    Raises:
      ValueError: they are pictures, or cannot be decoded.
    """
    if stream.codec_context is None:
        raise ValueError("there is no decoder for it")
    name = stream.codec_context.codec.canonical_name
    is_matroska = output.format.name == "matroska"
    if (name == _TEXT) != is_matroska:
        copied = output.add_stream_from_template(stream)
        return copied, lambda packet: _copied(packet, copied)
    if name not in _TEXTS:
        raise ValueError(f"{name} is no text, which alone can be carried over")
    target = output.add_stream("subrip") if is_matroska else output.add_stream(_TEXT)
    target.codec_context.subtitle_header = _STYLE
    return target, lambda packet: _as_text(packet, stream, target)


def subtitles_of(container: InputContainer) -> list[SubtitleStream]:
    """Return the tracks of subtitles, but for the one that MOV stores chapters' titles in."""
    has_chapters = bool(container.chapters())
    return [
        each
        for each in container.streams.subtitles
        if not (has_chapters and each.codec_context and each.codec_context.codec_tag == "text")
    ]


def _copied(packet: av.Packet | None, target: SubtitleStream) -> Iterator[av.Packet]:
    if packet is not None:
        packet.stream = target
        yield packet


def _as_text(
    packet: av.Packet | None, stream: SubtitleStream, target: SubtitleStream
) -> Iterator[av.Packet]:
    lines = [each.dialogue for each in decode(stream, packet)] if packet is not None else []
    if packet is None or not lines:
        return
    text = b"\n".join(lines)
    prefix = len(text).to_bytes(2, "big") if target.codec_context.name == _TEXT else b""
    made = av.Packet(prefix + text)
    made.time_base, made.pts, made.dts = packet.time_base, packet.pts, packet.pts
    made.duration, made.stream = packet.duration, target
    yield made
