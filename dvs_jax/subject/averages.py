"""The anchor's track smoothed by weighted averages of the measurements around each frame."""

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.smoothing.window import neighbours

CUT_DEVIATIONS = 4.0
"""Standard deviations at which a Gaussian's window ends."""

Seconds = Float[np.ndarray, " frame"]
Place = Float[np.ndarray, "frame 2"]
Present = Bool[np.ndarray, " frame"]


def gaussian(time_s: Seconds, place: Place, present: Present, deviation_s: float) -> Place:
    """Return the average of the measurements around each frame, weighted by a Gaussian.

    Args:
        time_s: times, increasing, in seconds.
        place: measured (x, y).
        present: whether each frame was measured; the others are left out.
        deviation_s: standard deviation in seconds.

    Returns:
        float64 [frame, 2]; NaN where no measurement lies within 4 deviations.
    """
    reach = CUT_DEVIATIONS * deviation_s
    total, worth = np.zeros_like(place, np.float64), np.zeros(len(time_s))
    clean = np.where(present[:, None], place, 0.0)
    for index, inside in neighbours(time_s, time_s - reach, time_s + reach):
        away = (time_s[index] - time_s) / deviation_s
        weight = np.where(inside & present[index], np.exp(-0.5 * away**2), 0.0)
        worth += weight.sum(0)
        total += np.einsum("sf,sfa->fa", weight, clean[index])
    return _divided(total, worth)


def moving(place: Place, present: Present, frames: int = 5) -> Place:
    """Return the mean of the measurements in a window of frames around each one.

    Args:
        place: measured (x, y).
        present: whether each frame was measured; the others are left out.
        frames: width of the window, odd. It is shorter at the track's ends.

    Returns:
        float64 [frame, 2]; NaN where nothing was measured in the window.
    """
    window, reach = np.ones(frames), frames // 2
    clean = np.where(present[:, None], place, 0.0)
    padded = np.pad(clean, ((reach, reach), (0, 0)))
    total = np.stack([np.convolve(axis, window, "valid") for axis in padded.T], axis=-1)
    return _divided(total, np.convolve(np.pad(present.astype(float), reach), window, "valid"))


def _divided(total: Place, worth: Seconds) -> Place:
    known = worth > 0.0
    return np.where(known[:, None], total / np.where(known, worth, 1.0)[:, None], np.nan)
