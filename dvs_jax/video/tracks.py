"""What accompanies the pictures: sound and subtitles of a video, carried over to another."""

import contextlib
import logging
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from dvs_jax.errors import InputError, reading, reason
from dvs_jax.video.container import demux, fraction, open_container
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.sound import sound_track
from dvs_jax.video.subtitles import subtitle_track, subtitles_of
from dvs_jax.video.tags import copy_stream_tags
from dvs_jax.video.timeline import Timeline
from dvs_jax.video.times import NANOSECONDS

logger = logging.getLogger("dvs_jax")

Track = Callable[[av.Packet | None], Iterable[av.Packet]]
"""Returns the packets to mux for one of the original's; after None, those that it held back."""


def add_tracks(
    output: OutputContainer, like: VideoInfo, open_files: contextlib.ExitStack
) -> Iterator[av.Packet]:
    """Add a stream to an output for each track of the original, and return the packets to mux.

    Tracks that cannot be read or written are left out, and a warning says so.
    """
    if not like.has_audio and not like.has_subtitles:
        return iter(())
    try:
        with reading(like.path, "its sound cannot be carried over"):
            source = open_files.enter_context(open_container(like.path))
            tracks = _tracks(output, source, like)
            return _packets(source, like, tracks) if tracks else iter(())
    except InputError as error:
        logger.warning("%s; the new video is silent", error)
        return iter(())


def _tracks(
    output: OutputContainer, source: InputContainer, like: VideoInfo
) -> dict[int, tuple[Stream, Track]]:
    """Return each stream of the source that is carried over, by its index."""
    sounds = list(source.streams.audio) if like.has_audio else []
    wanted = [*sounds, *(subtitles_of(source) if like.has_subtitles else [])]
    first = _first_packets(like, [stream.index for stream in wanted])
    tracks: dict[int, tuple[Stream, Track]] = {}
    lost: list[str] = []
    for stream in (each for each in wanted if each.index in first):
        try:
            target, track = _added(output, stream, first[stream.index])
        except (ValueError, av.FFmpegError) as error:
            lost.append(f"{_named(stream)} ({reason(error)})")
            continue
        copy_stream_tags(stream, target)
        tracks[stream.index] = stream, track
    _tell_lost(like, lost, is_silent=not any(each.index in tracks for each in sounds))
    return tracks


def _added(output: OutputContainer, stream: Stream, first: av.Packet) -> tuple[Stream, Track]:
    if isinstance(stream, AudioStream):
        return sound_track(output, stream, first)
    assert isinstance(stream, SubtitleStream)
    return subtitle_track(output, stream)


def _named(stream: Stream) -> str:
    kind = "sound" if stream.type == "audio" else "subtitle"
    language = stream.metadata.get("language", "und")
    return f"{kind} track {stream.index}" + ("" if language == "und" else f", {language}")


def _tell_lost(like: VideoInfo, lost: list[str], is_silent: bool) -> None:
    if lost:
        silent = "; the new video is silent" if is_silent and like.has_audio else ""
        logger.warning("%s: left out: %s%s", like.path, "; ".join(lost), silent)


def _first_packets(like: VideoInfo, wanted: list[int]) -> dict[int, av.Packet]:
    """Return the first packet of each stream that has any."""
    found: dict[int, av.Packet] = {}
    with open_container(like.path) as source:
        for packet in demux(source, *(source.streams[index] for index in wanted)):
            found.setdefault(packet.stream_index, packet)
            if len(found) == len(wanted):
                break
    return found


def _packets(
    source: InputContainer, like: VideoInfo, tracks: dict[int, tuple[Stream, Track]]
) -> Iterator[av.Packet]:
    timelines = {index: Timeline(source, like.jumps) for index in tracks}
    streams = [stream for stream, _ in tracks.values()]
    for packet in demux(source, *streams):
        # Where recordings were joined, the sound of the first may be longer than its pictures.
        in_order = timelines[packet.stream_index].move(packet)
        if in_order and _moved_into_part(packet, like):
            yield from _made(like, tracks[packet.stream_index][1], packet)
    for _, track in tracks.values():
        yield from _made(like, track, None)


def _made(like: VideoInfo, track: Track, packet: av.Packet | None) -> list[av.Packet]:
    try:
        with reading(like.path, "its sound breaks off"):
            return list(track(packet))
    except InputError as error:
        logger.warning("%s", error)
        return []


def _moved_into_part(packet: av.Packet, like: VideoInfo) -> bool:
    """Count a packet's times from the start of what is written; return whether it lies in that."""
    begin, end = (0, None) if like.cut_ns is None else like.cut_ns
    origin = like.start + Fraction(begin, NANOSECONDS)
    ticks = round(origin / fraction(packet.time_base))
    packet.pts = (packet.pts or 0) - ticks
    packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
    if like.cut_ns is None:
        return True
    length = math.inf if end is None else Fraction(end - begin, NANOSECONDS)
    return 0 <= start_time(packet) < length


def start_time(packet: av.Packet) -> Fraction:
    """The presentation time of a packet, in seconds."""
    return (packet.pts or 0) * fraction(packet.time_base)
