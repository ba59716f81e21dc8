"""The coded pictures of a video: which packets are frames that a player shows."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from dvs_jax.video.container import demux
from dvs_jax.video.timeline import Timeline

MOST_LEADING = 300
"""Packets among which the first key frame is looked for; some encoders send none at all."""


class Coded(NamedTuple):
    """A packet, and whether a player shows a frame for it."""

    packet: av.Packet
    is_shown: bool


def is_dated(container: InputContainer) -> bool:
    """Whether packets tell when they are shown: AVI, and often MXF, tell the order of decoding."""
    return container.format.name not in ("avi", "mxf")


def coded_pictures(
    container: InputContainer, stream: VideoStream, timeline: Timeline
) -> Iterator[Coded]:
    """Yield the packets of a video in the order of decoding, on a clock that does not jump.

    Not shown are those that an edit list or the codec hides, and those that precede the first key
    frame in time, which refer to frames that were not recorded. Those before it in the file, as
    where a receiver was switched on, are left out, but for MP4 and MOV: there one that is no key
    frame is damaged.
    """
    packets = _moved(demux(container, stream), timeline)
    has_index = container.format.name.startswith("mov")
    leading = [] if has_index else list(_until_key(packets))
    start = None
    if leading and leading[-1].is_keyframe:
        del leading[:-1]
        start = leading[0].pts if is_dated(container) else None
    for packet in itertools.chain(leading, packets):
        is_early = start is not None and packet.pts is not None and packet.pts < start
        yield Coded(packet, not (is_early or packet.is_discard or _is_hidden(packet, stream)))


def _moved(packets: Iterable[av.Packet], timeline: Timeline) -> Iterator[av.Packet]:
    for packet in packets:
        timeline.move(packet)
        yield packet


def _until_key(packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """Yield packets up to the first key frame, or `MOST_LEADING` where there is none."""
    for packet in itertools.islice(packets, MOST_LEADING):
        yield packet
        if packet.is_keyframe:
            return


def _is_hidden(packet: av.Packet, stream: VideoStream) -> bool:
    """Whether a VP8 or VP9 packet only makes a reference for others."""
    codec = stream.codec_context.codec
    # Without one, of a damaged file, PyAV 19 crashes at the context's name.
    name = "" if codec is None else codec.name
    if name not in ("vp8", "vp9"):
        return False
    head = memoryview(packet)[0]
    if name == "vp8":
        return not head & 0x10
    is_superframe = memoryview(packet)[-1] & 0xE0 == 0xC0  # its last frame is shown
    profile = head >> 5 & 1 | head >> 3 & 2
    flags = head << 1 if profile == 3 else head  # which has a reserved bit before them
    return not is_superframe and not flags & 0x08 and not flags & 0x02
