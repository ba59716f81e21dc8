"""Describing a video without decoding its pictures."""

import logging
import math
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.stream import VideoStream

from dvs_jax.errors import InputError
from dvs_jax.video.color import color_of
from dvs_jax.video.container import decode, demux, fraction, open_video
from dvs_jax.video.images import is_folder, probe_folder
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.size import require_size
from dvs_jax.video.times import NANOSECONDS, frame_rate_of, is_evenly_spaced, presentation_times

logger = logging.getLogger("dvs_jax")

_MOST_ANAMORPHIC = 16

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


def _probe_file(path: Path) -> VideoInfo:
    with open_video(path) as (container, stream):
        frames: list[av.VideoFrame] = []
        ticks: list[int | None] = []
        hidden = 0
        for packet in demux(container, stream):
            # An edit list hides frames that are decoded, but never shown.
            hidden += packet.is_discard
            if not packet.is_discard:
                ticks.append(packet.pts)
            frames = frames or decode(stream, packet)
        frames = frames or decode(stream, None)
        if not frames or not ticks:
            raise InputError(f"{path}: not one frame of this video can be decoded")
        info = _describe(path, container, stream, frames[0], ticks)
        missing = _missing_frame_count(stream, info, len(ticks) + hidden)
    if missing > 0:
        logger.warning(
            "%s: is cut off or damaged; %d of its %d frames are missing, the other %d are used",
            *(path, missing, info.frame_count + missing, info.frame_count),
        )
    return info


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
    time_ns = presentation_times(path, ticks, time_base, declared)
    require_size(path, first.width, first.height)
    rotation, mirrored = _orientation(first)
    return VideoInfo(
        path=path,
        width=first.width,
        height=first.height,
        frame_rate=frame_rate_of(time_ns, time_base, declared),
        time_ns=time_ns,
        rotation=rotation,
        has_audio=container.streams.best("audio") is not None,
        mirrored=mirrored,
        color=color_of(path, first),
        pixel_aspect=_pixel_aspect(stream),
        time_base=time_base,
    )


def _pixel_aspect(stream: VideoStream) -> Fraction:
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
