"""The presentation times of a written file, in units of its time base."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np

from dvs_jax.video.info import VideoInfo
from dvs_jax.video.times import NANOSECONDS, is_evenly_spaced


@dataclass(frozen=True)
class Clock:
    """Converts times to the integers that a file stores, in units of `time_base` seconds.

    An original whose frames are evenly spaced may have stored their times rounded (Matroska to
    milliseconds). The exact times are restored, so that 29.97 stays 30000/1001.

    Attributes:
      time_base: seconds in a tick.
      start: presentation time of the original's first frame, in seconds.
      rate: frames per second of an original whose frames are evenly spaced; None for any other.
      tolerance: seconds by which the original may have rounded a time.
    """

    time_base: Fraction
    start: Fraction
    rate: Fraction | None
    tolerance: Fraction

    @classmethod
    def like(cls, info: VideoInfo) -> Self:
        """The clock for a video whose frames have the times of another's."""
        start = Fraction(int(info.time_ns[0]), NANOSECONDS)
        if not is_evenly_spaced(info.time_ns, info.frame_rate, info.time_base):
            return cls(_coarse_enough(info), start, None, info.time_base)
        frequency = info.frame_rate.numerator
        frequency *= math.ceil(90_000 / frequency)  # as fine as cameras' own clocks
        return cls(Fraction(1, frequency), start, info.frame_rate, info.time_base)

    def tick(self, time_ns: int) -> int:
        """The number stored for a time by the original's clock, in nanoseconds."""
        time = Fraction(int(time_ns), NANOSECONDS)
        if self.rate is not None:
            exact = self.start + round((time - self.start) * self.rate) / self.rate
            time = exact if abs(exact - time) <= self.tolerance else time
        return round(time / self.time_base)


def _coarse_enough(info: VideoInfo) -> Fraction:
    """The original's time base, unless so fine that .mp4 cannot store a frame's duration in it."""
    longest_gap = Fraction(int(np.diff(info.time_ns).max(initial=0)), NANOSECONDS)
    return info.time_base if longest_gap < 2**31 * info.time_base else Fraction(1, 90_000)
