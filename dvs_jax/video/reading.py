"""The frames of a video, one by one."""

import heapq
import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

from dvs_jax.errors import InputError
from dvs_jax.video.coded import coded_pictures, is_dated
from dvs_jax.video.color import Color
from dvs_jax.video.container import decode, open_video
from dvs_jax.video.conversion import ToPlanes, ToRgb, ToYuv
from dvs_jax.video.images import is_folder, read_images
from dvs_jax.video.interlace import deinterlaced
from dvs_jax.video.timeline import Timeline

Frame = UInt8[np.ndarray, "height width 3"]

logger = logging.getLogger("dvs_jax")


def read_frames(path: str | os.PathLike[str]) -> Iterator[Frame]:
    """Yield the frames of a video one by one.

    A frame that cannot be decoded is replaced by the one before it (at the start, by the one
    after it), so frame i always belongs to `probe(path).time_ns[i]`, and a warning at the end
    says how many were lost. Errors are raised when the first frame is asked for.

    Args:
      path: a video file, or a folder of images.

    Yields:
      RGB images in order of presentation, as stored: not turned by the rotation.

    Raises:
      InputError: as `probe`; or no frame can be decoded; or the images differ in size.
    """
    path = Path(path)
    return read_images(path) if is_folder(path) else map(ToRgb(path), _decoded(path))


def read_pictures(path: str | os.PathLike[str]) -> Iterator[av.VideoFrame]:
    """Yield the frames of a video as `read_frames` does, but as planes.

    Yields:
      Pictures in one of `conversion.FORMATS`, with the matrix of the video; read-only, since the
      decoder may still use them as references.

    Raises:
      InputError: as `read_frames`.
    """
    path = Path(path)
    if is_folder(path):
        return map(ToYuv(Color()), read_images(path))
    return map(ToPlanes(path), _decoded(path))


def _decoded(path: Path) -> Iterator[av.VideoFrame]:
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        size: tuple[int, int] | None = None
        for frame in _fill_gaps(path, deinterlaced(_decode_all(container, stream))):
            size = size or (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                raise InputError(
                    f"{path}: the frame size changes from {size} to "
                    f"{(frame.width, frame.height)}; cut the video there first"
                )
            yield frame


def _fill_gaps(path: Path, frames: Iterator[av.VideoFrame | None]) -> Iterator[av.VideoFrame]:
    lost, owed, last = 0, 0, None
    try:
        for frame in frames:
            lost += frame is None
            owed += 1
            last = frame or last
            if last is not None:
                yield from [last] * owed
                owed = 0
        if last is None:
            raise InputError(f"{path}: not one frame of this video can be decoded")
    finally:  # reached too where no more frames are asked for
        if lost and last is not None:
            logger.warning("%s: %d frames could not be decoded; each repeats another", path, lost)


def _decode_all(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame | None]:
    """Frames in order of presentation, None for each whose packet cannot be decoded."""
    awaited: list[int] = []
    coded = coded_pictures(container, stream, Timeline(container))
    dated = False
    for packet, is_shown in itertools.chain(coded, [(None, False)]):
        time = packet.pts if packet is not None and is_dated(container) else None
        dated = dated or time is not None
        # Of a frame that is stored as two fields the second has no time.
        if is_shown and (time is not None or not dated):
            heapq.heappush(awaited, time or 0)
        for frame in decode(stream, packet):
            yield from _with_lost(frame, awaited, dated)
    yield from [None] * len(awaited)


def _with_lost(
    frame: av.VideoFrame, awaited: list[int], dated: bool
) -> Iterator[av.VideoFrame | None]:
    """Yield a frame after None for each that should have come before it.

    Args:
      frame: the next that was decoded; passed over where it is none of the awaited.
      awaited: a heap of the times of frames that should come, 0 each of undated ones.
      dated: whether frames have times.
    """
    time = frame.pts if dated else 0
    if time is None:
        yield frame
        return
    while awaited and awaited[0] < time:
        heapq.heappop(awaited)
        yield None
    if awaited and awaited[0] <= time:
        heapq.heappop(awaited)
        yield frame
