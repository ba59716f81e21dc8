"""The clock's offset and the readout time, fitted to how every corner moved."""

from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Float

from dvs_jax.calibration.felt import Felt, mounting_matrix
from dvs_jax.calibration.search import SLOW_S, Axes
from dvs_jax.calibration.seen import Seen, best_turn, design_of, moved_by_turn

LONGEST_READOUT_S = 0.05

_UNITS = np.array([1e-3, 1e-3, 1e-2, 1e-2, 1e-2])
"""Steps in which offset and readout (seconds) and the gains are varied."""

_FURTHEST = np.array([40.0, 50.0, 90.0, 90.0, 90.0])
"""The furthest that each may go from where it starts, in these steps."""

_ENOUGH_STEPS = 20


class Timing(NamedTuple):
    """What is fitted.

    Attributes:
        offset_s: see `Camera.clock_offset_s`.
        readout_s: see `Camera.readout_time_s`.
        gain: of the turns seen about x, y, z over those felt: about x and y the true focal length
            over the assumed one, about z 1, unless the camera also moved.
    """

    offset_s: float
    readout_s: float
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)


def fit(
    seen: Seen,
    weight: Float[np.ndarray, "pair corner"],
    felt: Felt,
    axes: Axes,
    start: Timing,
    focal: float,
    with_readout: bool,
) -> Timing:
    """Return the timing by which the gyro explains best how corners moved.

    Slow residues are not counted: what the camera passes by, and the gyro's bias.

    Args:
        seen: the corners.
        weight: by how much each counts.
        felt: the gyro.
        axes: its mounting.
        start: near the solution: the offset within half a frame.
        focal: focal length in picture widths.
        with_readout: whether the readout time is fitted too.
    """
    free = np.array([True, with_readout, True, True, True])
    design, root = design_of(seen, focal), np.sqrt(weight)[..., None]

    def timing(varied: Float[np.ndarray, "free"]) -> Timing:
        change = np.zeros(5)
        change[free] = varied * _UNITS[free]
        offset_s, readout_s, *gain = change + np.array([start.offset_s, start.readout_s, 1, 1, 1])
        return Timing(offset_s, min(max(readout_s, 0.0), LONGEST_READOUT_S), tuple(gain))

    def left(varied: Float[np.ndarray, "free"]) -> Float[np.ndarray, "value"]:
        residue = _residue(seen, felt, axes, timing(varied), focal)
        return (root * _without_slow(seen, residue, design, weight)).ravel()

    def slope(varied: Float[np.ndarray, "free"]) -> Float[np.ndarray, "value free"]:
        # The log is interpolated linearly: smaller differences would see its corners.
        halves = np.eye(len(varied)) * 0.5
        return np.stack([left(varied + half) - left(varied - half) for half in halves], axis=-1)

    bounds = (-_FURTHEST[free], _FURTHEST[free])
    begin = np.zeros(free.sum())
    found = scipy.optimize.least_squares(
        left, begin, jac=slope, bounds=bounds, xtol=1e-4, max_nfev=_ENOUGH_STEPS
    )
    return timing(found.x)


def _residue(
    seen: Seen, felt: Felt, axes: Axes, timing: Timing, focal: float
) -> Float[np.ndarray, "pair corner 2"]:
    frame_s = np.stack([seen.begin_s, seen.end_s], axis=-1)[:, None]
    time_s = frame_s + timing.readout_s * seen.row - timing.offset_s
    turn = felt.turned(time_s[..., 0], time_s[..., 1]) @ mounting_matrix(axes).T
    by_turn = moved_by_turn(seen.ray, turn * np.array(timing.gain), focal)
    return seen.moved - seen.moved_by_lens(timing.readout_s) - by_turn


def _without_slow(
    seen: Seen,
    residue: Float[np.ndarray, "pair corner 2"],
    design: Float[np.ndarray, "pair corner 2 3"],
    weight: Float[np.ndarray, "pair corner"],
) -> Float[np.ndarray, "pair corner 2"]:
    rate = 1.0 / np.median(np.diff(seen.begin_s))
    turn = best_turn(design, residue, weight)
    slow = scipy.ndimage.gaussian_filter1d(turn, SLOW_S * rate, axis=0, mode="nearest")
    return residue - np.einsum("pcdi,pi->pcd", design, slow)
