"""The camera's own path, smoothed: the classical methods, without a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dvs_jax import clip as clips
from dvs_jax import smoothing
from dvs_jax.clip import Clip
from dvs_jax.methods.along_path import frames_along
from dvs_jax.methods.covered_path import in_portions
from dvs_jax.methods.method import Frame, Picture, chosen_of, needs_of_sensors

DEFAULT_SMOOTHER = "adaptive"


@dataclass(frozen=True)
class Smoothed:
    """A smoother of the gyro's path, run over the whole clip.

    Attributes:
        smoother: one of `smoothing.SMOOTHERS`.
        horizon_lock: whether the horizon is kept level, by the accelerometer.
        strength: how many times as strongly as usual it smooths.
    """

    smoother: str = DEFAULT_SMOOTHER
    horizon_lock: bool = False
    strength: float | None = None
    look_ahead_s = np.inf

    @property
    def needs(self) -> frozenset[str]:
        """What the clip must have; see `Method.needs`."""
        return needs_of_sensors(self.horizon_lock)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame for the smoothed path; see `Method.frames`."""
        real = clips.real_path(clip)
        strength_s = smoothing.usual_strength_s(self.smoother) * (self.strength or 1.0)
        paths, look_ahead_s = smoothing.levels_within_frame(self.smoother, real, strength_s)
        return frames_along(clip, in_portions(paths), crop, look_ahead_s, self.horizon_lock)

    def fingerprint(self) -> dict[str, Any]:
        """Return what identifies this method and its settings, as JSON values."""
        return {"smoother": self.smoother} | chosen_of(self.horizon_lock, self.strength)
