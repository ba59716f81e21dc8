"""Whether a recording's azimuth zero is the picture's: viewers look where it is salient."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport import sphere
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.tracks import Track

_COLUMNS = 72

_SMOOTH = np.radians(10.0)

FARTHEST_DEG, CLEARLY = 20.0, 1.3
"""What is told of: a peak so far off that is so many times what is found at 0."""


class Offset(NamedTuple):
    """By how much viewers would have to be turned to look where it is salient.

    Attributes:
        turn_deg: to the right, in (−180, 180].
        gain: how many times better that fits than not turning.
    """

    turn_deg: float
    gain: float

    @property
    def is_off(self) -> bool:
        """Whether azimuth zero seems to be another than is said."""
        return abs(self.turn_deg) > FARTHEST_DEG and self.gain > CLEARLY

    def told(self) -> str:
        """Return what that means, as a sentence."""
        share = -self.turn_deg / 360.0
        return (
            f"viewers look {self.turn_deg:+.0f}° beside what is salient ({self.gain:.1f} times "
            f"better when turned): yaw 0 may lie elsewhere in the picture; try --forward larger "
            f"by {-share:+.2f}"
        )


def offset(watched: Track, points: Points) -> Offset | None:
    """Compare a viewer's directions with the saliency of the same instants; see `of_audience`."""
    return of_audience([watched], points)


def of_audience(watched: Sequence[Track], points: Points) -> Offset | None:
    """Correlate viewers' directions with the saliency of the same instants, over azimuth.

    Args:
        watched: tracks of viewers of one video.
        points: its salient points at each fifth of a second.

    Returns:
        The best turn; None where the two have no instant in common, or nothing is salient.
    """
    found = sum((_correlation(each, points) for each in watched), np.zeros(_COLUMNS))
    best = int(np.argmax(found))
    if found[best] <= 0.0:
        return None
    turn = (best * 360.0 / _COLUMNS + 180.0) % 360.0 - 180.0
    return Offset(turn, float(found[best] / max(found[0], 1e-9 * found[best])))


def _correlation(watched: Track, points: Points) -> Float[np.ndarray, "turn"]:
    number = watched.first + np.arange(len(watched.direction))
    common = watched.valid & (number >= 0) & (number < len(points))
    if not common.any():
        return np.zeros(_COLUMNS)
    view = _density(watched.direction[common][:, None], np.ones((int(common.sum()), 1)))
    at = points[number[common]]
    saliency = _density(at[..., :3], at[..., 3])
    saliency = np.maximum(saliency - np.median(saliency, axis=1, keepdims=True), 0.0)
    spectrum = np.conj(np.fft.rfft(view, axis=1)) * np.fft.rfft(saliency, axis=1)
    return np.fft.irfft(spectrum, _COLUMNS, axis=1).sum(axis=0)


def _density(
    direction: Float[np.ndarray, "step point 3"], weight: Float[np.ndarray, "step point"]
) -> Float[np.ndarray, "step column"]:
    """How much lies about each azimuth; near a pole a direction says little of it."""
    azimuth, polar = sphere.to_angles(np.asarray(direction, np.float64))
    centre = 2.0 * np.pi * np.arange(_COLUMNS) / _COLUMNS
    near = np.exp((np.cos(azimuth[..., None] - centre) - 1.0) / _SMOOTH**2)
    return (near * (weight * np.sin(polar))[..., None]).sum(axis=1)
