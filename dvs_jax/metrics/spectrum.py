"""The power of a series by frequency."""

import numpy as np
from jaxtyping import Float


def welch(
    series: Float[np.ndarray, "time axis"], rate: float, length: int
) -> tuple[Float[np.ndarray, "frequency"], Float[np.ndarray, "frequency axis"]]:
    """Return the power spectral density by Welch's method.

    Segments overlap by half, are linearly detrended, and have a Hann window. The same as
    `scipy.signal.welch`, whose import would add half a second to every `stabilize`.

    Args:
        series: float64, at equal intervals, in any unit.
        rate: samples a second.
        length: of a segment, from 2 samples to all of the series.

    Returns:
        float64: frequencies in Hz from 0, and the density in the series' unit squared, over Hz.
    """
    segments = np.lib.stride_tricks.sliding_window_view(series, length, axis=0)
    segments = _straightened(segments[:: length - length // 2])
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    density = np.abs(np.fft.rfft(segments * window)) ** 2 / (rate * (window**2).sum())
    # Negative frequencies have as much; 0 and the Nyquist frequency have none.
    density[..., 1 : (length + 1) // 2] *= 2.0
    return np.fft.rfftfreq(length, 1.0 / rate), density.mean(axis=0).T


def _straightened(
    segments: Float[np.ndarray, "segment axis time"],
) -> Float[np.ndarray, "segment axis time"]:
    """Return segments less the straight lines that fit them best."""
    time = np.arange(segments.shape[-1]) - (segments.shape[-1] - 1) / 2.0
    slope = segments @ time / (time @ time)
    return segments - segments.mean(axis=-1, keepdims=True) - slope[..., None] * time
