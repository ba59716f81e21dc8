"""Where the gyro fits the pictures at all: every mounting, every lateness of its clock."""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Float

from dvs_jax.calibration.felt import Felt, mounting_matrix
from dvs_jax.calibration.seen import Seen

LARGEST_OFFSET_S = 3.0
COARSE_STEP_S, OFFSET_STEP_S = 0.008, 0.002
"""Of offsets: those of all that are tried, and near the best of them."""

_AT_ONCE = 1000
"""Offsets: bounds the memory, however long the log is."""

SLOW_S = 0.3
"""Turns slower than this (standard deviation of a Gaussian) are left out: what moves slowly in the
pictures may be the camera passing by things."""

_APART_S = 0.08
"""Offsets as near as this to the best are not another one."""

Axes = tuple[str, str, str]


class Found(NamedTuple):
    """The mounting and offset that fit best, and how well others do.

    Attributes:
        axes: see `Camera.gyro_axes`.
        offset_s: see `Camera.clock_offset_s`.
        agreement: correlation of the turns felt and seen about all axes, at most 1.
        next_mounting: that of the best of the other mountings.
        next_offset: that of the best offset that is not near.
        moved_deg: RMS turn seen from frame to frame, about x, y and z, without slow ones.
    """

    axes: Axes
    offset_s: float
    agreement: float
    next_mounting: float
    next_offset: float
    moved_deg: Float[np.ndarray, "3"]


def mountings() -> list[Axes]:
    """Return the 24 ways in which a right-handed gyro can be mounted.

    The pose turns against the camera (see `Camera.gyro_axes`), so these have determinant −1.
    """
    signed: Iterator[Axes] = (
        (signs[0] + order[0], signs[1] + order[1], signs[2] + order[2])
        for order in itertools.permutations("xyz")
        for signs in itertools.product(("", "-"), repeat=3)
    )
    return [axes for axes in signed if np.linalg.det(mounting_matrix(axes)) < 0.0]


def search(
    seen: Seen,
    turn: Float[np.ndarray, "pair 3"],
    felt: Felt,
    middle_s: float,
    tried: list[Axes],
    between_s: tuple[float, float] = (-LARGEST_OFFSET_S, LARGEST_OFFSET_S),
) -> Found:
    """Return the mounting and offset by which the gyro fits best.

    Args:
        seen: the corners.
        turn: the turns that they tell (see `seen.turns_of`).
        felt: the gyro.
        middle_s: from the exposure of the first row to that of the middle one.
        tried: the mountings.
        between_s: the least and the largest offset.
    """
    known = np.isfinite(turn[:, 0])
    rate = 1.0 / np.median(np.diff(seen.begin_s))
    by_eye = without_slow(np.where(known[:, None], turn, 0.0), rate, axis=0)[known]
    matrices = [mounting_matrix(axes) for axes in tried]

    def agreement(offset_s: Float[np.ndarray, "offset"]) -> Float[np.ndarray, "mounting offset"]:
        begin_s, end_s = (
            each + middle_s - offset_s[:, None] for each in (seen.begin_s, seen.end_s)
        )
        by_gyro = without_slow(felt.turned(begin_s, end_s), rate, axis=1)[:, known]
        return _agreement(by_eye, by_gyro, matrices)

    coarse_s = np.arange(*between_s, COARSE_STEP_S)
    portions = np.array_split(coarse_s, math.ceil(len(coarse_s) / _AT_ONCE))
    found = _best(np.concatenate([agreement(each) for each in portions], axis=1), coarse_s)
    fine_s = np.arange(-COARSE_STEP_S, COARSE_STEP_S, OFFSET_STEP_S) + found.offset_s
    fine = agreement(fine_s)[found.mounting]
    return Found(
        axes=tried[found.mounting],
        offset_s=float(fine_s[fine.argmax()]),
        agreement=float(fine.max()),
        next_mounting=found.next_mounting,
        next_offset=found.next_offset,
        moved_deg=np.degrees(by_eye.std(axis=0)),
    )


def _agreement(
    by_eye: Float[np.ndarray, "pair 3"],
    by_gyro: Float[np.ndarray, "offset pair 3"],
    mountings: list[Float[np.ndarray, "3 3"]],
) -> Float[np.ndarray, "mounting offset"]:
    """Return the correlation of turns seen and felt.

    Mountings are told apart by the axis about which the camera turned least, so all axes count
    alike. A single mounting's clock is told best by those about which it turned most.
    """
    product = np.einsum("pa,opb->oab", by_eye, by_gyro)
    eye, gyro = np.linalg.norm(by_eye, axis=0), np.linalg.norm(by_gyro, axis=1)
    if len(mountings) == 1:
        lengths = np.linalg.norm(eye) * np.linalg.norm(gyro, axis=1)[:, None, None]
        return np.einsum("mab,oab->mo", mountings, product / np.maximum(lengths, 1e-12))
    correlation = product / np.maximum(eye[:, None] * gyro[:, None], 1e-12)
    return np.einsum("mab,oab->mo", mountings, correlation) / 3.0


def without_slow(
    turn: Float[np.ndarray, "*offset pair 3"], rate: float, axis: int
) -> Float[np.ndarray, "*offset pair 3"]:
    """Return turns less what is slower than `SLOW_S` in them.

    Args:
        turn: float64 radians, about each axis, of pairs of frames.
        rate: pairs a second.
        axis: of the pairs.
    """
    return turn - scipy.ndimage.gaussian_filter1d(turn, SLOW_S * rate, axis=axis, mode="nearest")


class _Best(NamedTuple):
    mounting: int
    offset_s: float
    next_mounting: float
    next_offset: float


def _best(
    agreement: Float[np.ndarray, "mounting offset"], offset_s: Float[np.ndarray, "offset"]
) -> _Best:
    mounting, place = np.unravel_index(np.argmax(agreement), agreement.shape)
    others = np.delete(agreement, mounting, axis=0)
    apart = np.abs(offset_s - offset_s[place]) > _APART_S
    return _Best(
        mounting=int(mounting),
        offset_s=float(offset_s[place]),
        next_mounting=float(others.max()) if others.size else -1.0,
        next_offset=float(agreement[mounting, apart].max()) if apart.any() else -1.0,
    )
