"""Filters of an unrolled path, weighted by time."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from dvs_jax.smoothing.unrolling import Turn
from dvs_jax.smoothing.window import CLOCK_TOLERANCE_S, Seconds, neighbours

Worth = Float[np.ndarray, "frame"]
"""Quadrature weights: the time that each frame represents, in any unit."""

Offsets = Float[np.ndarray, "shift frame"]
"""Neighbours' times from each frame's in seconds, or values for these."""

WINDOW_DEVIATIONS = 4.0
"""Standard deviations of a Gaussian at which its window ends."""

PAN_SPEED = np.radians(20.0)
"""Angular velocity in rad/s at which the adaptive smoother's strength is halfway reduced."""

STRENGTH_IN_PANS = 0.25
"""Share of its strength that the adaptive smoother keeps in the fastest pans."""

LONGEST_GAP_DEVIATIONS = 0.5
LONGEST_GAP_INTERVALS = 3.0
"""A gap longer than both of these is a pause, which adjacent frames do not represent.

In standard deviations of the Gaussian, and in median intervals.
"""


def gaussian(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float) -> Turn:
    """Fit a straight line to the neighbours of each frame, weighted by a Gaussian of their time.

    Each neighbour is also weighted by the time between its own neighbours, so a gap weighs no less;
    a pause does not count, and the path beside it is smoothed as at its ends. Away from the ends
    and at equal intervals this is the usual Gaussian filter. The line preserves a pan of constant
    rate also at uneven intervals, and where the window is cut off: by the path's ends, or by a
    look-ahead shorter than `WINDOW_DEVIATIONS`; the later half of the window is then narrowed to
    fit.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: standard deviation in seconds.
        look_ahead_s: no frame later than this is used; may be infinite.

    Returns:
        The smoothed unrolled path, radians.
    """
    deviation_s, worth = np.full(len(time_s), strength_s), _worth(time_s, strength_s)
    return turn + _gaussian_fit(time_s, turn, worth, 1, deviation_s, look_ahead_s)[:, 0]


def savitzky_golay(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float) -> Turn:
    """Fit a parabola to the neighbours of each frame, all of equal weight.

    Savitzky and Golay, "Smoothing and differentiation of data by simplified least squares
    procedures", 1964, by times instead of indices. The window keeps its width: where it would
    reach past an end of the path or the look-ahead, it is shifted and the parabola is evaluated off
    its centre.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: half the window's width in seconds, rounded to whole (median) intervals.
        look_ahead_s: no frame later than this is used; may be infinite.

    Returns:
        The smoothed unrolled path, radians.
    """
    rounding_s = np.median(np.diff(time_s)) / 2.0 if len(time_s) > 1 else 0.0
    end_s = np.minimum(time_s + min(strength_s, look_ahead_s), time_s[-1])
    begin_s = np.maximum(end_s - 2.0 * strength_s, time_s[0])
    end_s = np.minimum(begin_s + 2.0 * strength_s + rounding_s, time_s + look_ahead_s)
    window_s = (begin_s - rounding_s, end_s)
    return (
        turn + _polynomial_fit(time_s, turn, 2, window_s, np.ones_like, np.ones_like(time_s))[:, 0]
    )


def exponential(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float = 0.0) -> Turn:
    """Smooth twice with a first-order low pass: online, from this and earlier frames alone.

    Brown's double exponential smoothing ("Smoothing, Forecasting and Prediction of Discrete Time
    Series", 1963): what the first pass lags behind is smoothed by the second and added, so that a
    pan of constant rate is followed without lag once it has lasted some time constants. Both are
    twice `strength_s`, which lets as much fast shake through as one pass of `strength_s`. The
    differential equations are solved exactly for a path that is straight between frames, so the
    result does not depend on the frame rate.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: half the time constant in seconds.
        look_ahead_s: not used: this filter needs none.

    Returns:
        The smoothed unrolled path, radians.
    """
    interval_s, constant_s = np.diff(time_s)[:, None], 2.0 * strength_s
    decay = np.exp(-interval_s / constant_s)
    even_lag = -constant_s * np.diff(turn, axis=0) / interval_s
    lag = _decaying_sum((1.0 - decay) * even_lag, decay)
    second = (1.0 - decay) * even_lag + (lag[:-1] - even_lag) * decay * interval_s / constant_s
    return turn + lag - _decaying_sum(second, decay)


def _decaying_sum(
    growth: Float[np.ndarray, "interval 3"], decay: Float[np.ndarray, "interval 1"]
) -> Float[np.ndarray, "frame 3"]:
    """Return s with s_0 = 0 and s_n = decay_n · s_{n−1} + growth_n, by doubling."""
    total = np.concatenate([np.zeros((1, 3)), growth])
    decay, length = np.concatenate([np.zeros((1, 1)), decay]), 1
    while length < len(total):
        total = np.concatenate([total[:length], total[length:] + decay[length:] * total[:-length]])
        decay = np.concatenate([decay[:length], decay[length:] * decay[:-length]])
        length *= 2
    return total


def adaptive(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float) -> Turn:
    """Smooth like `gaussian`, but with a standard deviation that shrinks where the camera pans.

    The idea is that of Gyroflow's default algorithm (github.com/gyroflow/gyroflow,
    smoothing/default_algo.rs): a long time constant at rest, a short one at high angular velocity.
    Here the velocity is the smoothed path's, so that shake does not count as a pan, and one
    Gaussian takes the place of repeated exponential passes, which tend towards it.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: standard deviation in seconds at rest.
        look_ahead_s: no frame later than this is used; may be infinite.

    Returns:
        The smoothed unrolled path, radians.
    """
    worth = _worth(time_s, strength_s)
    speed = _pan_speed(time_s, turn, worth, strength_s / 2.0, look_ahead_s / 2.0)
    share_of_pan_speed = speed / PAN_SPEED
    given_up = (1.0 - STRENGTH_IN_PANS) * (1.0 - 1.0 / (1.0 + share_of_pan_speed**2))
    deviation_s = strength_s * (1.0 - given_up)
    return turn + _gaussian_fit(time_s, turn, worth, 1, deviation_s, look_ahead_s)[:, 0]


def _pan_speed(
    time_s: Seconds, turn: Turn, worth: Worth, deviation_s: float, look_ahead_s: float
) -> Float[np.ndarray, "frame"]:
    """Return the smoothed path's angular velocity in rad/s, RMS over a second Gaussian window.

    Without the RMS the speed, and with it the smoothing, would have a kink where a pan reverses.
    """
    deviations_s = np.full(len(time_s), deviation_s)
    velocity = _gaussian_fit(time_s, turn, worth, 1, deviations_s, look_ahead_s)[:, 1]
    squared = (velocity**2).sum(axis=-1, keepdims=True)
    mean = squared + _gaussian_fit(time_s, squared, worth, 0, deviations_s, look_ahead_s)[:, 0]
    return np.sqrt(np.maximum(mean[:, 0], 0.0))


def _gaussian_fit(
    time_s: Seconds,
    signal: Float[np.ndarray, "frame channel"],
    worth: Worth,
    degree: int,
    deviation_s: Seconds,
    look_ahead_s: float,
) -> Float[np.ndarray, "frame coefficient channel"]:
    ahead_s = np.minimum(deviation_s, look_ahead_s / WINDOW_DEVIATIONS)

    def weight(offset_s: Offsets) -> Offsets:
        width_s = np.where(offset_s > 0.0, np.maximum(ahead_s, CLOCK_TOLERANCE_S), deviation_s)
        return np.exp(-0.5 * (offset_s / width_s) ** 2)

    window_s = (
        time_s - WINDOW_DEVIATIONS * deviation_s,
        time_s + WINDOW_DEVIATIONS * ahead_s,
    )
    return _polynomial_fit(time_s, signal, degree, window_s, weight, worth)


def _worth(time_s: Seconds, deviation_s: float) -> Worth:
    """Return the time that each frame represents: that between its neighbours.

    Beside a pause a single frame would then outweigh the others and not be smoothed; therefore
    a pause is treated like an end of the path.
    """
    if len(time_s) == 1:
        return np.ones(1)
    interval_s = np.diff(time_s)
    usual_s = np.median(interval_s)
    longest_s = max(LONGEST_GAP_DEVIATIONS * deviation_s, LONGEST_GAP_INTERVALS * usual_s)
    counted_s = np.where(interval_s > longest_s, usual_s, interval_s)
    return np.gradient(np.concatenate([[0.0], np.cumsum(counted_s)]))


def _polynomial_fit(
    time_s: Seconds,
    signal: Float[np.ndarray, "frame channel"],
    degree: int,
    window_s: tuple[Seconds, Seconds],
    weight: Callable[[Offsets], Offsets],
    worth: Worth,
) -> Float[np.ndarray, "frame coefficient channel"]:
    """Fit a polynomial of the time to each frame's window by weighted least squares.

    A neighbour's weight depends on its offset in seconds, times the time that it represents.

    Returns:
        Coefficients of the powers of (time − frame's time), relative to the frame's own signal.
        With too few neighbours for the degree, the shortest coefficients that fit them.
    """
    # Offsets of the order of 1 keep the matrix well conditioned whatever the window's width.
    unit_s = max(float((window_s[1] - window_s[0]).max()), CLOCK_TOLERANCE_S)
    gram = np.zeros((len(time_s), 2 * degree + 1))
    moment = np.zeros((len(time_s), degree + 1, signal.shape[1]))
    channels = np.ascontiguousarray(signal.T)
    for neighbour, inside in neighbours(time_s, *window_s):
        offset_s = time_s[neighbour] - time_s
        weighted = np.where(inside, weight(offset_s) * worth[neighbour], 0.0)
        change = channels.take(neighbour, axis=1) - channels[:, None]
        for power in range(2 * degree + 1):
            gram[:, power] += weighted.sum(axis=0)
            if power <= degree:
                moment[:, power] += np.einsum("sf,csf->fc", weighted, change)
            weighted = weighted * (offset_s / unit_s)
    powers = np.arange(degree + 1)
    matrix = gram[:, powers[:, None] + powers[None, :]]
    coefficient = np.linalg.pinv(matrix, rcond=1e-10, hermitian=True) @ moment
    return coefficient / unit_s ** powers[None, :, None]
