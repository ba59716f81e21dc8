"""Describing a video without decoding its pictures."""

import logging
import math
import os
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.stream import VideoStream

from dvs_jax.errors import InputError
from dvs_jax.video import tags
from dvs_jax.video.coded import coded_pictures
from dvs_jax.video.color import color_of
from dvs_jax.video.container import decode, fraction, open_video
from dvs_jax.video.conversion import depth_of
from dvs_jax.video.images import is_folder, probe_folder
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.interlace import FILTER
from dvs_jax.video.mastering import mastering_of
from dvs_jax.video.size import require_size
from dvs_jax.video.subtitles import subtitles_of
from dvs_jax.video.tags import read_tags
from dvs_jax.video.timeline import Timeline
from dvs_jax.video.times import NANOSECONDS, frame_rate_of, is_evenly_spaced, presentation_times

logger = logging.getLogger("dvs_jax")

_MOST_ANAMORPHIC = 16

LONGEST_LEAD_S = 10
"""How long the sound may begin before the first picture; else its clock is another."""

_DURATION = re.compile(r"(\d{1,9}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)")


def probe(path: str | os.PathLike[str], frame_rate: Fraction | float = 30) -> VideoInfo:
    """Return the description of a video: everything but its pictures.

    A file is read once from start to end without decoding more than its first frame.

    Args:
      path: a video file, or a folder of images, which are taken in natural order (2 before 10).
      frame_rate: frames per second of a folder of images; a file knows its own.

    Returns:
      The description. A truncated file is described as far as it goes, and a warning says how
      many frames are missing.

    Raises:
      InputError: there is no such file, it is no video, or there is no frame in it.
    """
    path = Path(path)
    return probe_folder(path, frame_rate) if is_folder(path) else _probe_file(path)


def created_ns(path: Path) -> int | None:
    """Return when a video says that it was made, int64 nanoseconds since 1970, or None.

    Raises:
      InputError: as `probe`.
    """
    with open_video(path) as (container, stream):
        return tags.created_ns(read_tags(container, stream))


def _probe_file(path: Path) -> VideoInfo:
    with open_video(path) as (container, stream):
        frames: list[av.VideoFrame] = []
        ticks: list[int | None] = []
        hidden = 0
        timeline = Timeline(container)
        for packet, is_shown in coded_pictures(container, stream, timeline):
            hidden += not is_shown
            if is_shown:
                ticks.append(packet.pts)
            frames = frames or decode(stream, packet)
        frames = frames or decode(stream, None)
        if not frames or not ticks:
            raise InputError(f"{path}: not one frame of this video can be decoded")
        if frames[0].interlaced_frame:
            logger.info(
                "%s: is interlaced; it is deinterlaced by %s, each frame as its first field",
                *(path, FILTER),
            )
            ticks = _of_first_fields(ticks)
        info = _describe(path, container, stream, frames[0], ticks)
        info = replace(info, jumps=tuple(timeline.jumps))
        missing = _missing_frame_count(stream, info, len(ticks) + hidden)
    if missing > 0:
        logger.warning(
            "%s: is cut off or damaged; %d of its %d frames are missing, the other %d are used",
            *(path, missing, info.frame_count + missing, info.frame_count),
        )
    return replace(info, missing=max(missing, 0))


def _describe(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    first: av.VideoFrame,
    ticks: list[int | None],
) -> VideoInfo:
    time_base = fraction(stream.time_base)
    if time_base <= 0:
        raise InputError(f"{path}: impossible times: its clock does not tick")
    rates = (fraction(rate) for rate in (stream.base_rate, stream.average_rate))
    declared = [rate for rate in rates if rate > 0]
    start = _start(container, stream, ticks)
    time_ns = presentation_times(path, ticks, time_base, declared, start)
    require_size(path, first.width, first.height)
    rotation, mirrored = _orientation(first)
    return VideoInfo(
        path=path,
        width=first.width,
        height=first.height,
        frame_rate=frame_rate_of(time_ns, time_base, declared),
        time_ns=time_ns,
        rotation=rotation,
        has_audio=bool(container.streams.audio),
        has_subtitles=bool(subtitles_of(container)),
        mirrored=mirrored,
        color=color_of(path, first),
        bit_depth=depth_of(first),
        mastering=mastering_of(first),
        pixel_aspect=pixel_aspect(stream),
        time_base=time_base,
        tags=read_tags(container, stream),
        start=start,
    )


def _of_first_fields(ticks: list[int | None]) -> list[int | None]:
    """Where the fields of a frame are stored one by one, the second has no time."""
    known: list[int | None] = [tick for tick in ticks if tick is not None]
    return known or ticks


def _start(container: InputContainer, video: VideoStream, ticks: list[int | None]) -> Fraction:
    """When the file begins, by its own clock: its first picture or the sound before it."""
    known = [tick * fraction(video.time_base) for tick in ticks if tick is not None]
    if not known:
        return Fraction(0)
    sounds = [
        stream.start_time * fraction(stream.time_base)
        for stream in container.streams.audio
        if stream.start_time is not None
    ]
    return min(known + [start for start in sounds if min(known) - start <= LONGEST_LEAD_S])


def pixel_aspect(stream: VideoStream) -> Fraction:
    """Return the width of a stream's pixels by their height."""
    aspect = fraction(stream.sample_aspect_ratio)
    # Where it is impossible, players show square pixels.
    return aspect if 1 / _MOST_ANAMORPHIC <= aspect <= _MOST_ANAMORPHIC else Fraction(1)


def _orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """Rotation and mirroring by the display matrix, which multiplies row vectors (x, y, 1)."""
    side_data: Any = frame.side_data
    stored = side_data.get(SideDataType.DISPLAYMATRIX)
    if stored is None:
        return 0, False
    a, b, _, c, d = np.frombuffer(stored, np.int32)[:5].tolist()
    mirrored = a * d - b * c < 0
    degrees = round(math.degrees(math.atan2(-b, -a if mirrored else a)))
    return 180 if degrees == -180 else degrees, mirrored


def _missing_frame_count(stream: VideoStream, info: VideoInfo, found: int) -> int:
    """How many frames the header declares beyond those found; 0 where it declares no number."""
    if stream.container.format.name.startswith("mov"):
        return len(stream.index_entries) - found  # its frame count ignores the edit list
    if stream.frames:
        return stream.frames - found
    duration = _DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    if not duration or not is_evenly_spaced(info.time_ns, info.frame_rate, info.time_base):
        return 0
    hours, minutes, seconds = map(Fraction, duration.groups())
    rest = (hours * 60 + minutes) * 60 + seconds - Fraction(int(info.time_ns[-1]), NANOSECONDS)
    return round(rest * info.frame_rate) - 1
