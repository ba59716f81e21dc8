"""The description of a video: everything but its pictures."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from dvs_jax.video.color import Color
from dvs_jax.video.mastering import Mastering
from dvs_jax.video.tags import Tags, later
from dvs_jax.video.times import NANOSECONDS


@dataclass(frozen=True, eq=False)  # arrays have no single truth value to compare by
class VideoInfo:
    """The description of a video: everything but its pictures.

    Attributes:
      path: the file, or the folder of images.
      width: of a stored frame, in pixels, before the rotation.
      height: of a stored frame, in pixels, before the rotation.
      frame_rate: frames per second; exact (30000/1001) where the frames are evenly spaced but
        for a few dropped ones, their mean where they are not.
      time_ns: presentation time of every frame, ascending, in int64 nanoseconds from when the file
        begins: with its first frame, or with the sound before it.
      rotation: degrees, counter-clockwise, in (-180, 180], by which a player turns the stored
        frame to show it upright.
      has_audio: whether there is sound.
      mirrored: whether a player mirrors the frame left to right, after turning it.
      color: its colour space.
      bit_depth: of the pictures that are read, 8 or 10.
      mastering: what HDR tells besides.
      pixel_aspect: width of a pixel by its height.
      time_base: seconds; `time_ns` is stored as multiples of it.
      has_subtitles: whether there are subtitles.
      tags: what the file tells of its recording; the timecode is that of the first frame.
      start: when the file begins, in seconds by its own clock.
      jumps: seconds that were added to that clock from each of its jumps on (see `timeline`).
      cut_ns: of a part of a file, its start and end from when the file begins, int64 nanoseconds;
        the end is None where it is the file's. `time_ns` then counts from the part's start.
      missing: frames that the file announces and does not hold, for it is cut off or damaged.
    """

    path: Path
    width: int
    height: int
    frame_rate: Fraction
    time_ns: Int64[np.ndarray, "frame"] = field(repr=False)
    rotation: int
    has_audio: bool
    mirrored: bool = False
    color: Color = field(default_factory=Color)
    bit_depth: int = 8
    mastering: Mastering = field(default_factory=Mastering)
    pixel_aspect: Fraction = Fraction(1)
    time_base: Fraction = Fraction(1, 90_000)
    has_subtitles: bool = False
    tags: Tags = field(default_factory=Tags, repr=False)
    start: Fraction = Fraction(0)
    jumps: tuple[Fraction, ...] = ()
    cut_ns: tuple[int, int | None] | None = None
    missing: int = 0

    @property
    def frame_count(self) -> int:
        """How many frames `read_frames` yields."""
        return len(self.time_ns)


def part_of(info: VideoInfo, chosen: slice) -> VideoInfo:
    """Return the description of some consecutive frames, whose times begin at zero.

    Args:
      info: of a file, or of a part of one.
      chosen: the indices of the frames, one or more, without a step.
    """
    start, stop, _ = chosen.indices(len(info.time_ns))
    first = int(info.time_ns[start])
    before, end = info.cut_ns or (0, None)
    if stop < len(info.time_ns):
        end = before + int(info.time_ns[stop])
    tags = info.tags
    if tags.timecode is not None:
        # By the time, not the number: frames may have been dropped.
        passed = round(Fraction(first - int(info.time_ns[0]), NANOSECONDS) * info.frame_rate)
        tags = replace(tags, timecode=later(tags.timecode, passed, info.frame_rate))
    cut_ns = before + first, end
    return replace(info, time_ns=info.time_ns[start:stop] - first, cut_ns=cut_ns, tags=tags)
