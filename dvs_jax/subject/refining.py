"""The anchor's path refined by the torso's flow, which is smoother than any pose."""

from collections.abc import Sequence

import numpy as np
import scipy
from jaxtyping import Bool, Float

from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.anchor_path import NOISE, AnchorPath

LEAST_DOUBT = 0.3
"""Standard deviation of a flow, in pixels, at least."""

_UNKNOWN = 0.05
"""Likewise, in torsos, of what the smoothed path tells where no flow is known."""

_HELD = 1e-3
"""Weight of the smoothed path itself in each frame, by that of a measurement: it holds frames that
were not measured."""

Place = Float[np.ndarray, "frame 2"]


def refined(
    path: AnchorPath,
    measured: Measured,
    flow: Place,
    doubt: Float[np.ndarray, " frame"],
    cuts: Sequence[int] = (),
) -> AnchorPath:
    """Return the likeliest path of measurements and flow.

    Minimises Σ wₜ |pₜ − zₜ|² / r + Σ |pₜ − pₜ₋₁ − uₜ|² / σₜ²: the smoothed mean of a random walk
    that the flow u drives, with the measurements z, their robust weights w and variance r.

    Args:
        path: smoothed.
        measured: the anchor as measured.
        flow: u, from the frame before, in pixels; NaN where unknown.
        doubt: σ of the flow, in pixels.
        cuts: frames that begin a new shot, between which nothing connects.
    """
    there = np.isfinite(path.place[:, 0])
    step = np.diff(path.place, axis=0, prepend=path.place[:1])
    known = np.isfinite(flow).all(axis=-1)
    drive = np.where(known[:, None], flow, step)
    deviation = np.where(known, np.maximum(doubt, LEAST_DOUBT), _UNKNOWN * measured.torso)
    joined = there & np.roll(there, 1) & np.isfinite(drive).all(axis=-1)
    joined[[0, *cuts]] = False
    pull = path.weight * measured.present / (NOISE * measured.torso) ** 2
    place = _solved(path.place, measured, drive, np.where(joined, deviation**-2.0, 0.0), pull)
    return path._replace(place=np.where(there[:, None], place, np.nan))


def _solved(
    smooth: Place,
    measured: Measured,
    drive: Place,
    stiff: Float[np.ndarray, " frame"],
    pull: Float[np.ndarray, " frame"],
) -> Place:
    """Return the solution of the tridiagonal normal equations.

    Args:
        smooth: the path that holds all frames a little.
        measured: z.
        drive: u.
        stiff: 1 / σ² of each frame's step, 0 where it is free.
        pull: w / r.
    """
    held = _HELD / (NOISE * measured.torso) ** 2
    after = np.append(stiff[1:], 0.0)
    bands = np.stack([pull + held + stiff + after, -after])
    known: Bool[np.ndarray, " frame"] = measured.present
    target = np.where(known[:, None], measured.place, 0.0) * pull[:, None]
    steps = stiff[:, None] * np.nan_to_num(drive)
    right = target + held * np.nan_to_num(smooth) + steps
    right[:-1] -= steps[1:]
    return np.asarray(scipy.linalg.solveh_banded(bands, right, lower=True))
