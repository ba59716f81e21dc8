"""The description of a video: everything but its pictures."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from dvs_jax.video.color import Color


@dataclass(frozen=True, eq=False)  # arrays have no single truth value to compare by
class VideoInfo:
    """The description of a video: everything but its pictures.

    Attributes:
      path: the file, or the folder of images.
      width: of a stored frame, in pixels, before the rotation.
      height: of a stored frame, in pixels, before the rotation.
      frame_rate: frames per second; exact (30000/1001) where the frames are evenly spaced but
        for a few dropped ones, their mean where they are not.
      time_ns: presentation time of every frame by the video's own clock, ascending, in int64
        nanoseconds. It starts at the first frame's own time, which need not be zero.
      rotation: degrees, counter-clockwise, in (-180, 180], by which a player turns the stored
        frame to show it upright.
      has_audio: whether there is sound.
      mirrored: whether a player mirrors the frame left to right, after turning it.
      color: its colour space.
      pixel_aspect: width of a pixel by its height.
      time_base: seconds; `time_ns` is stored as multiples of it.
      cut_ns: of a part of a file, its start and end on the file's clock, int64 nanoseconds; the
        end is None where it is the file's. `time_ns` then counts from the part's start.
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
    pixel_aspect: Fraction = Fraction(1)
    time_base: Fraction = Fraction(1, 90_000)
    cut_ns: tuple[int, int | None] | None = None

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
    return replace(info, time_ns=info.time_ns[start:stop] - first, cut_ns=(before + first, end))
