"""The point of a person that is kept in place, as measured in each frame; or that it is missing."""

from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.errors import InputError
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.pose import HEAD, HIPS, SHOULDERS, Poses

AnchorName = Literal["hips", "shoulders", "torso", "head", "mask"]

POINTS_OF: dict[str, tuple[int, ...]] = {
    "hips": HIPS,
    "shoulders": SHOULDERS,
    "torso": (*SHOULDERS, *HIPS),
    "head": HEAD,
    "mask": HIPS,
}
"""The points whose mean an anchor is. Of the mask they only tell whether the person is there."""

LEAST_SCORE = 0.5
LEAST_PRESENCE = 0.5
MARGIN = 0.01
"""Of the frame, within which a point at its edge does not count."""
SIZES = (0.6, 1.6)
"""Torsos that count, in medians of those around."""
_AROUND_S = 2.0
"""Half the time whose torsos' median a torso is compared with."""


class Measured(NamedTuple):
    """An anchor's track as measured, a frame each.

    Attributes:
        place: float64 [frame, 2], (x, y) in pixels; NaN where missing.
        present: [frame], whether it was measured.
        torso: median torso of the frames that were measured, in pixels: the track's unit.
    """

    place: Float[np.ndarray, "frame 2"]
    present: Bool[np.ndarray, " frame"]
    torso: float


def named(name: str) -> AnchorName:
    """Return an anchor's name, or raise InputError where there is no such anchor."""
    for known in get_args(AnchorName):
        if name == known:
            return known
    raise InputError(f"there is no anchor {name!r}; choose one of {', '.join(POINTS_OF)}")


def measure(
    name: AnchorName,
    time_s: Float[np.ndarray, " sighting"],
    pose: Poses,
    size: tuple[int, int],
    least_presence: float = LEAST_PRESENCE,
    centroid: Float[np.ndarray, "sighting 2"] | None = None,
) -> Measured:
    """Measure an anchor in the frames in which a person was seen.

    A frame is missing unless the person's score, the presence of the anchor's points, their
    distance from the frame's edge and the torso (by its running median) are as they have to be. Of
    the hips one is enough: the other half-difference is the last known one.

    Args:
        name: of the anchor.
        time_s: times, increasing, in seconds.
        pose: the person's, with a leading axis for the sighting.
        size: width and height of the picture in pixels.
        least_presence: of the anchor's points.
        centroid: (x, y) of the person's mask in pixels, NaN where there is none; for the anchor
            "mask" alone.

    Raises:
        InputError: the anchor was measured in no frame.
    """
    if name == "mask":
        assert centroid is not None
        place, seen = centroid, np.isfinite(centroid).all(-1)
    elif name == "hips":
        place, seen = _hips(pose, _known(pose, HIPS, size, least_presence))
    else:
        place = poses_of.middle(pose, POINTS_OF[name])
        seen = _known(pose, POINTS_OF[name], size, least_presence).all(-1)
    present = seen & (pose.score > LEAST_SCORE) & _usual_size(time_s, poses_of.torso(pose))
    if not present.any():
        raise InputError(
            f"the person's {name} could be measured in no frame: choose another anchor, or a lower "
            "least confidence"
        )
    torso = float(np.median(poses_of.torso(pose)[present]))
    exact = place.astype(np.float64)
    return Measured(np.where(present[:, None], exact, np.nan), present, torso)


def _known(
    pose: Poses, points: tuple[int, ...], size: tuple[int, int], least_presence: float
) -> Bool[np.ndarray, "sighting point"]:
    chosen = list(points)
    place, far = pose.point[:, chosen, :2], np.array(size) - 1.0
    margin = MARGIN * far
    inside = ((place >= margin) & (place <= far - margin)).all(-1)
    return inside & (pose.presence[:, chosen] >= least_presence)


def _hips(
    pose: Poses, known: Bool[np.ndarray, "sighting hip"]
) -> tuple[Float[np.ndarray, "sighting 2"], Bool[np.ndarray, " sighting"]]:
    """Return the middle of the hips; where one alone is known, by the last known difference."""
    hip = pose.point[:, list(HIPS), :2]
    half = (hip[:, 1] - hip[:, 0]) / 2.0
    both = known[:, 0] & known[:, 1]
    last = np.maximum.accumulate(np.where(both, np.arange(len(both)), -1))
    remembered = half[np.maximum(last, 0)]
    from_left, from_right = hip[:, 0] + remembered, hip[:, 1] - remembered
    from_one = np.where(known[:, :1], from_left, from_right)
    place = np.where(both[:, None], hip.mean(axis=1), from_one)
    return place, both | ((known[:, 0] | known[:, 1]) & (last >= 0))


def _usual_size(
    time_s: Float[np.ndarray, " sighting"], torso: Float[np.ndarray, " sighting"]
) -> Bool[np.ndarray, " sighting"]:
    first = np.searchsorted(time_s, time_s - _AROUND_S, side="left")
    end = np.searchsorted(time_s, time_s + _AROUND_S, side="right")
    usual = np.array([np.median(torso[a:b]) for a, b in zip(first, end, strict=True)])
    return (torso >= SIZES[0] * usual) & (torso <= SIZES[1] * usual)
