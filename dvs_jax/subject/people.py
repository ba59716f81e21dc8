"""People followed from frame to frame: which pose is whose.

A person is expected where a constant velocity takes the hips. A pose is his if it lies there and
has his size, and if it could not as well be another's: where two cross, ambiguous frames are
missing, and each goes on as expected.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.pose import Poses

LARGEST_COST = 0.6
COST_A_SECOND = 1.5
"""The largest cost of taking a pose for a person's, and by how much it grows while he is not seen:
expectations get worse."""

FORGOTTEN_S = 3.0
"""After which a person who comes back is another one."""

AMBIGUOUS_COST = 0.2
"""Of another assignment, above that of the best one, up to which a pose is nobody's."""

_SAME_PLACE, _SAME_BOX = 0.5, 0.5
"""Distance of the hips, in torsos, and intersection of the boxes by their union, within which two
poses are one person's."""

_VELOCITY_SHARE = 0.3
"""Weight of the latest step in a track's velocity."""

_SIZES = 31
"""Latest torsos of which a track's size is the median."""

_LATEST = 60
"""Sightings of a track that are looked through for a frame."""

_IMPOSSIBLE = 1e6


@dataclass(eq=False)
class Track:
    """One person.

    Attributes:
        frame: of each sighting.
        time_s: of each sighting.
        numbers: float32 [266] of each sighting, the pose (see `pose.packed`).
        hips: (x, y) at the last sighting, in pixels.
        velocity: of the hips, in pixels a second.
        sizes: the latest torsos in pixels.
    """

    frame: list[int] = field(default_factory=list)
    time_s: list[float] = field(default_factory=list)
    numbers: list[Float[np.ndarray, "266"]] = field(default_factory=list)
    hips: Float[np.ndarray, "2"] = field(default_factory=lambda: np.zeros(2))
    velocity: Float[np.ndarray, "2"] = field(default_factory=lambda: np.zeros(2))
    sizes: list[float] = field(default_factory=list)

    @property
    def torso(self) -> float:
        """Median of the latest torsos in pixels."""
        return float(np.median(self.sizes))

    def pose(self, index: int) -> Poses:
        """Return the pose of one sighting."""
        return poses_of.unpacked(self.numbers[index])

    def poses(self) -> Poses:
        """Return those of all sightings, with a leading axis for the sighting."""
        return poses_of.unpacked(np.stack(self.numbers))

    def expected(self, time_s: float) -> Float[np.ndarray, "2"]:
        """Return where the hips are expected at a time, in pixels."""
        return self.hips + (time_s - self.time_s[-1]) * self.velocity

    def see(self, frame: int, time_s: float, pose: Poses) -> None:
        """Add a sighting, later than the others."""
        hips = poses_of.middle(pose, poses_of.HIPS)
        if self.frame and time_s > self.time_s[-1]:
            step = (hips - self.hips) / (time_s - self.time_s[-1])
            share = max(_VELOCITY_SHARE, 1.0 / len(self.frame))
            self.velocity = self.velocity + share * (step - self.velocity)
        self.hips = hips
        self.sizes = [*self.sizes[1 - _SIZES :], float(poses_of.torso(pose))]
        self.frame.append(frame)
        self.time_s.append(time_s)
        self.numbers.append(poses_of.packed(pose))

    def saw_before_last(self, frame: int, time_s: float, pose: Poses) -> None:
        """Add a sighting from before the latest one, after those that are earlier still."""
        self.frame.insert(-1, frame)
        self.time_s.insert(-1, time_s)
        self.numbers.insert(-1, poses_of.packed(pose))


class Tracker:
    """Follows all people of a clip; it is given the poses of one frame after the other.

    Attributes:
        tracks: everyone seen so far, those who were seen first first.
    """

    def __init__(self) -> None:
        self.tracks: list[Track] = []

    def followed(self, time_s: float) -> list[int]:
        """Return the numbers of the tracks that a pose at some time may still belong to."""
        return [
            number
            for number, track in enumerate(self.tracks)
            if time_s - track.time_s[-1] <= FORGOTTEN_S
        ]

    def seen_in(self, frame: int) -> list[Poses]:
        """Return the poses of everyone who was seen in one of the latest frames."""
        return [
            track.pose(index)
            for track in self.tracks
            for index in range(-min(_LATEST, len(track.frame)), 0)
            if track.frame[index] == frame
        ]

    def see(self, frame: int, time_s: float, found: Poses) -> Int[np.ndarray, " person"]:
        """Add the poses of a frame.

        Args:
            frame: its number.
            time_s: its time, not before that of the frame before.
            found: the poses, with a leading axis for the person; there may be none.

        Returns:
            Of each pose, the number of its track; −1 for the duplicate of another pose, and for
            one that could be of several people.
        """
        whose = np.full(len(found.score), -1)
        kept = np.flatnonzero(distinct(found))
        open_tracks = self.followed(time_s)
        cost = costs([self.tracks[number] for number in open_tracks], found.at(kept), time_s)
        rows, columns, is_new = assign(cost)
        for row, column in zip(rows, columns, strict=True):
            whose[kept[column]] = open_tracks[row]
        for index in kept[is_new]:
            whose[index] = len(self.tracks)
            self.tracks.append(Track())
        for index in np.flatnonzero(whose >= 0):
            self.tracks[whose[index]].see(frame, time_s, found.at(int(index)))
        return whose


def costs(tracks: list[Track], found: Poses, time_s: float) -> Float[np.ndarray, "track person"]:
    """Return the cost of taking each pose for each person's; large where that is not acceptable.

    |hips − expected| / torso + |ln(torso / the person's)|, with the person's torso.
    """
    hips, torso = poses_of.middle(found, poses_of.HIPS), poses_of.torso(found)
    cost = np.full((len(tracks), len(torso)), _IMPOSSIBLE)
    for row, track in enumerate(tracks):
        away = np.linalg.norm(hips - track.expected(time_s), axis=-1) / track.torso
        with np.errstate(divide="ignore"):
            told = away + np.abs(np.log(torso / track.torso))
        largest = LARGEST_COST + COST_A_SECOND * (time_s - track.time_s[-1])
        cost[row] = np.where(told <= largest, told, _IMPOSSIBLE)
    return cost


def assign(
    cost: Float[np.ndarray, "track person"],
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"], Bool[np.ndarray, " person"]]:
    """Assign poses to tracks where no other assignment is nearly as likely.

    The sum of the costs is least: Kuhn, "The Hungarian method for the assignment problem", 1955.

    Returns:
        Row and column of each pair; and which poses are nobody's so far: those that no track
        accepts.
    """
    rows, columns = _matched(cost)
    total = _total(cost, rows, columns)
    certain = np.array(
        [_without(cost, pair) - total > AMBIGUOUS_COST for pair in zip(rows, columns, strict=True)],
        bool,
    )
    is_new = cost.min(axis=0, initial=np.inf) >= _IMPOSSIBLE
    return rows[certain], columns[certain], is_new


def _matched(
    cost: Float[np.ndarray, "track person"],
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    rows, columns = linear_sum_assignment(cost)
    acceptable = cost[rows, columns] < _IMPOSSIBLE
    return rows[acceptable], columns[acceptable]


def _total(
    cost: Float[np.ndarray, "track person"],
    rows: Int[np.ndarray, " pair"],
    columns: Int[np.ndarray, " pair"],
) -> float:
    """Return an assignment's cost; each pair that could have been made costs the most it may."""
    missed = min(cost.shape) - len(rows)
    return float(cost[rows, columns].sum()) + missed * _IMPOSSIBLE


def _without(cost: Float[np.ndarray, "track person"], pair: tuple[int, int]) -> float:
    """Return the least cost of an assignment without a pair."""
    others = cost.copy()
    others[pair] = _IMPOSSIBLE
    return _total(others, *_matched(others))


def distinct(found: Poses) -> Bool[np.ndarray, " person"]:
    """Return which poses to keep: of those of one person, the one with the best score."""
    kept = np.isfinite(found.point[..., :2]).all(axis=(-1, -2))
    order = np.argsort(-np.where(kept, found.score, -1.0), kind="stable")
    hips, torso, box = (
        poses_of.middle(found, poses_of.HIPS),
        poses_of.torso(found),
        poses_of.box(found),
    )
    for place, better in enumerate(order):
        for worse in order[place + 1 :]:
            near = np.linalg.norm(hips[better] - hips[worse]) < _SAME_PLACE * torso[better]
            if kept[better] and near and _overlap(box[better], box[worse]) > _SAME_BOX:
                kept[worse] = False
    return kept


def _overlap(one: Float[np.ndarray, "4"], other: Float[np.ndarray, "4"]) -> float:
    """Return the intersection of two boxes by their union."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.prod(np.maximum(high - low, 0.0))
    union = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - shared
    return float(shared / union) if union > 0.0 else 0.0
