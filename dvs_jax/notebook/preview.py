"""Original and result joined in one small video, which any browser plays."""

import dataclasses
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation

from dvs_jax import clip as clips
from dvs_jax import video
from dvs_jax.clip import Clip
from dvs_jax.progress import Track, silently
from dvs_jax.video import VideoInfo, VideoWriter
from dvs_jax.video.conversion import FORMAT
from dvs_jax.video.mastering import Mastering
from dvs_jax.video.side_by_side import arrangement, joined, joined_size
from dvs_jax.video.tags import Tags

_CRF = 24.0


def write_preview(
    original: Clip,
    result: Path,
    file: Path,
    longest_side: int = 640,
    seconds: float = np.inf,
    track: Track = silently,
) -> VideoInfo:
    """Write a clip's frames and those of a video made of it side by side, as H.264 of 8 bits.

    Args:
        original: shown on the left.
        result: the video, with as many pixels; shown on the right.
        file: .mp4, for both.
        longest_side: most pixels of either's width and height; larger ones are reduced.
        seconds: what comes after is left out.
        track: reports the progress.

    Returns:
        The description of the original as it is shown: its size, its times.

    Raises:
        InputError: one of them cannot be read, or the file not be written.
    """
    shown = _as_shown(original, longest_side, seconds)
    size = shown.width, shown.height
    how = arrangement(shown)
    frames = zip(clips.read_pictures(original), video.read_pictures(result), strict=False)
    with VideoWriter(file, shown, *joined_size(shown, size), _CRF, "veryfast") as writer:
        timed = zip(shown.time_ns.tolist(), frames, strict=False)
        for time_ns, pair in track(timed, shown.frame_count, "preview"):
            left, right = (_reduced(each, size) for each in pair)
            writer.write_picture(joined(left, right, how), time_ns)
    return shown


def _as_shown(original: Clip, longest_side: int, seconds: float) -> VideoInfo:
    """Return what is shown, without what tells where and by whom it was filmed."""
    info = original.video
    time_ns = info.time_ns[: original.frame_count]
    time_ns = time_ns[time_ns < time_ns[0] + seconds * 1e9]
    scale = min(1.0, longest_side / max(original.size))
    width, height = (max(2 * round(side * scale / 2.0), 2) for side in original.size)
    return dataclasses.replace(
        info,
        width=width,
        height=height,
        time_ns=time_ns,
        bit_depth=8,
        mastering=Mastering(),
        tags=Tags(),
        has_subtitles=False,
    )


def _reduced(picture: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    return picture.reformat(*size, format=FORMAT, interpolation=Interpolation.AREA)
