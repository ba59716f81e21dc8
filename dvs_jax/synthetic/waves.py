"""Sums of sinusoids: movement as a smooth function of time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Waves:
    """Three sums of sinusoids, amplitude · sin(2π · frequency · t + phase).

    Attributes:
        frequency_hz: float64 [wave, 3].
        amplitude: float64 [wave, 3], radians or metres.
        phase: float64 [wave, 3], radians.
    """

    frequency_hz: Float[np.ndarray, "wave 3"]
    amplitude: Float[np.ndarray, "wave 3"]
    phase: Float[np.ndarray, "wave 3"]

    def at(self, time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 3"]:
        """Return the three sums at any times (seconds)."""
        angle = 2.0 * np.pi * self.frequency_hz * time_s[..., None, None] + self.phase
        return (self.amplitude * np.sin(angle)).sum(axis=-2)
