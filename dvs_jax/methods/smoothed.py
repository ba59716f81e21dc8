"""The camera's own path, smoothed: the classical methods."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dvs_jax import clip as clips
from dvs_jax import smoothing
from dvs_jax.clip import Clip
from dvs_jax.methods.along_path import frames_along
from dvs_jax.methods.covered_path import in_portions
from dvs_jax.methods.method import Frame, Picture

DEFAULT_SMOOTHER = "adaptive"


@dataclass(frozen=True)
class Smoothed:
    """A smoother of the gyro's path; it sees all of the clip.

    Attributes:
        smoother: one of `smoothing.SMOOTHERS`.
    """

    smoother: str = DEFAULT_SMOOTHER
    needs = frozenset({"gyro"})
    look_ahead_s = np.inf

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield what the smoothed path shows of each frame; see `Method.frames`."""
        real = clips.real_path(clip)
        paths, look_ahead_s = smoothing.levels_within_frame(self.smoother, real)
        return frames_along(clip, in_portions(paths), crop, look_ahead_s)

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"smoother": self.smoother}
