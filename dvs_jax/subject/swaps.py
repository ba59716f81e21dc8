"""Left and right of a person that a network took for one another."""

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.pose import ANKLES, EXCHANGED, HIPS, KNEES, SHOULDERS, Poses

IMPROVEMENT = 0.8
"""Share of the squared distances below which exchanging left and right must bring them."""

_LONGEST_MEMORY_S = 0.5
"""After a longer gap the sides are taken as they are: too much has moved."""

_VELOCITY_SHARE = 0.5

_TOLD_BY = [*SHOULDERS, *HIPS, *KNEES, *ANKLES]


def find(
    time_s: Float[np.ndarray, " sighting"], pose: Poses, improvement: float = IMPROVEMENT
) -> Bool[np.ndarray, " sighting"]:
    """Return in which frames left and right are to be exchanged (see `pose.exchanged`).

    Shoulders, hips, knees and ankles are expected where a constant velocity takes them. Where
    exchanging brings the sum of their squared distances from there below a share of what it is,
    they are exchanged. Sides that are so in most frames between two long gaps are taken for the
    right ones.

    Args:
        time_s: times, increasing, in seconds.
        pose: one person's, with a leading axis for the sighting.
        improvement: the share.
    """
    swapped = np.zeros(len(time_s), bool)
    place, begin = pose.point[..., :2], 0
    velocity = np.zeros_like(place[0])
    for index in range(1, len(time_s)):
        interval = time_s[index] - time_s[index - 1]
        if interval > _LONGEST_MEMORY_S:
            _settle(swapped[begin:index])
            begin, velocity = index, np.zeros_like(velocity)
            continue
        before = place[index - 1][EXCHANGED] if swapped[index - 1] else place[index - 1]
        expected = before + velocity * interval
        swapped[index] = _exchanging(place[index], expected, improvement)
        now = place[index][EXCHANGED] if swapped[index] else place[index]
        velocity = velocity + _VELOCITY_SHARE * ((now - before) / interval - velocity)
    _settle(swapped[begin:])
    return swapped


def _exchanging(
    place: Float[np.ndarray, "33 2"], expected: Float[np.ndarray, "33 2"], improvement: float
) -> bool:
    as_it_is = np.sum((place - expected)[_TOLD_BY] ** 2)
    exchanged = np.sum((place[EXCHANGED] - expected)[_TOLD_BY] ** 2)
    return bool(exchanged < improvement * as_it_is)


def _settle(swapped: Bool[np.ndarray, " sighting"]) -> None:
    """Turn a run of frames over, in place, if most of it was to be exchanged."""
    if 2 * swapped.sum() > len(swapped):
        np.logical_not(swapped, out=swapped)


def repair(
    time_s: Float[np.ndarray, " sighting"], pose: Poses
) -> tuple[Poses, Bool[np.ndarray, " sighting"]]:
    """Return the poses with the sides exchanged where they were swapped, and where that was."""
    swapped = find(time_s, pose)
    return poses_of.exchanged(pose, swapped), swapped
