"""Follows everyone through the frames of a clip, by the networks.

Whoever was found in a frame is sought in the next one where the network itself expects him; the
detector looks for others now and then, and for those who were lost. Detecting anew in each frame
would double the noise of the points. Whom the detector finds is followed back too, through the
frames since it looked last.
"""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.subject import detector, landmarks, people
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.detector import Candidates, Detection
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.subject.pose import HIPS, Poses
from dvs_jax.subject.region import Region, around_person, crop_matrix

DETECTED_EVERY = 10
"""Frames from one look for new people to the next; someone who is lost is looked for at once."""

LEAST_SCORE = 0.5
"""Of a pose, below which there is nobody."""

_LEAST_TOLD = 0.1
"""Of a detection, that a message may tell of."""

_SAME_PERSON = 0.7
"""Distance of a detection's hips from a pose's, in torsos, within which they are one person's."""

_LARGE = 0.12
"""A torso by the picture's longer side: where someone is as large, nobody is looked for in parts of
the picture. In the whole of it the detector misses who is half as tall as it is."""

_AT_ONCE = 4
"""People, and parts of a picture, looked at side by side: XLA computes each on one core."""

_TILE = 1.0 / (2.0 - 0.25)
"""Side of a tile, of the picture's: two overlap by a quarter."""

Picture = UInt8[np.ndarray, "height width 3"]


class _Moment(NamedTuple):
    """A frame: its number, its time in seconds, and its picture."""

    frame: int
    time_s: float
    picture: Picture


class _Found(NamedTuple):
    """A person in a frame.

    Attributes:
        pose: where the points are.
        region: where to look in the frames beside it.
        centroid: of the mask, (x, y) in pixels; NaN where it is empty, or not looked at.
    """

    pose: Poses
    region: Region
    centroid: Float[np.ndarray, "2"]


class Follower:
    """Follows people through pictures that come one after the other.

    Attributes:
        tracker: who is who.
        centroids: of each track, by the frame, where masks are looked at.
        best_score: of all detections so far.
    """

    def __init__(self, networks: PoseNetworks, with_centroids: bool = False):
        """Begin before the first picture.

        Args:
            networks: BlazePose.
            with_centroids: whether masks are looked at too.
        """
        self.tracker = people.Tracker()
        self.centroids: list[dict[int, Float[np.ndarray, "2"]]] = []
        self.best_score = 0.0
        self._networks, self._with_centroids = networks, with_centroids
        self._known: list[_Found] = []
        self._recent: deque[_Moment] = deque(maxlen=DETECTED_EVERY)
        self._rest = 0
        self._threads = ThreadPoolExecutor(_AT_ONCE, "looking")

    def see(self, frame: int, time_s: float, picture: Picture) -> Poses:
        """Find the people in the next picture, and return them.

        Args:
            frame: its number.
            time_s: its time in seconds.
            picture: RGB, upright.
        """
        moment = _Moment(frame, time_s, picture)
        found = self._found([each.region for each in self._known], picture)
        is_new = [False] * len(found)
        if len(found) < len(self._known) or self._rest <= 0:
            fresh = self._detected(picture, [each.pose for each in found])
            found, is_new = found + fresh, is_new + [True] * len(fresh)
            self._rest = DETECTED_EVERY
        self._rest -= 1
        pose = self._settle(moment, found, is_new)
        self._recent.append(moment)
        return pose

    def _settle(self, moment: _Moment, found: list[_Found], is_new: list[bool]) -> Poses:
        pose = poses_of.stacked([each.pose for each in found]) if found else _nobody()
        kept = np.flatnonzero(people.distinct(pose))
        whose = self.tracker.see(moment.frame, moment.time_s, pose.at(kept))
        self.centroids += [{} for _ in self.tracker.tracks[len(self.centroids) :]]
        for index, number in zip(kept, whose, strict=True):
            if number >= 0:
                self.centroids[number][moment.frame] = found[index].centroid
                if is_new[index]:
                    self._follow_back(found[index], int(number))
        # One whose pose could be another's is still looked for where he was seen.
        self._known = [found[index] for index in kept]
        return pose.at(kept)

    def _follow_back(self, person: _Found, number: int) -> None:
        """Look for someone in the frames before the latest one, back to where he was seen."""
        track, earlier = self.tracker.tracks[number], list[tuple[_Moment, _Found]]()
        for moment in reversed(self._recent):
            before = self._look(person.region, moment.picture)
            seen = self.tracker.seen_in(moment.frame)
            mixed = poses_of.stacked([before.pose, *seen])
            is_he = before.pose.score > LEAST_SCORE and people.distinct(mixed).all()
            if not is_he or moment.frame in track.frame[-len(self._recent) - 1 :]:
                break
            earlier.append((moment, before))
            person = before
        for moment, before in reversed(earlier):
            track.saw_before_last(moment.frame, moment.time_s, before.pose)
            self.centroids[number][moment.frame] = before.centroid

    def _found(self, regions: list[Region], picture: Picture) -> list[_Found]:
        """Return the people in some regions."""
        seen = self._threads.map(lambda region: self._look(region, picture), regions)
        return [each for each in seen if each.pose.score > LEAST_SCORE]

    def _look(self, region: Region, picture: Picture) -> _Found:
        batch = jax.tree.map(lambda each: jnp.asarray(each)[None], region)
        network, pictures = self._networks.landmarks, jnp.asarray(picture[None])
        centroid = np.full(2, np.nan)
        if self._with_centroids:
            poses, masks = landmarks.poses_and_masks(network, pictures, batch)
            centroid = _centroid(np.asarray(masks[0]), region)
        else:
            poses = landmarks.poses(network, pictures, batch)
        one = jax.tree.map(lambda each: np.asarray(each)[0], poses)
        return _Found(poses_of.from_landmarks(*one), _as_numpy(landmarks.followed(one)), centroid)

    def _detected(self, picture: Picture, known: list[Poses]) -> list[_Found]:
        """Return who else is in a picture, after a second look, which is the finer one."""
        longer = max(picture.shape)
        views = [(picture, np.zeros(2))]
        if not any(poses_of.torso(pose) > _LARGE * longer for pose in known):
            views += _tiles(picture)
        candidates = self._threads.map(lambda view: self._candidates(*view), views)
        detections = detector.people(_joined(list(candidates)), _LEAST_TOLD)
        self.best_score = max([self.best_score, *(each.score for each in detections)])
        fresh = [
            each
            for each in detections
            if each.score >= detector.LEAST_SCORE and not _is_known(each, known)
        ]
        first = self._found([_region_of(each) for each in fresh], picture)
        return self._found([each.region for each in first], picture)

    def _candidates(self, part: Picture, at: Float[np.ndarray, "2"]) -> Candidates:
        """Return what the detector says of a part of a picture, which lies at (x, y)."""
        found = detector.candidates(self._networks.detector, jnp.asarray(part[None]))
        score, box, points = (np.asarray(each)[0] for each in found)
        corner = at.astype(np.float32)
        return Candidates(score, box + np.pad(corner, (0, 2)), points + corner)


def _joined(views: list[Candidates]) -> Candidates:
    return Candidates(*(np.concatenate(each) for each in zip(*views, strict=True)))  # type: ignore[arg-type]


def _tiles(picture: Picture) -> list[tuple[Picture, Float[np.ndarray, "2"]]]:
    """Return four parts of a picture, and where they lie."""
    rows, columns = (round(length * _TILE) for length in picture.shape[:2])
    down, across = picture.shape[0] - rows, picture.shape[1] - columns
    corners = [(x, y) for y in (0, down) for x in (0, across)]
    return [(picture[y : y + rows, x : x + columns], np.array((x, y))) for x, y in corners]


def _region_of(found: Detection) -> Region:
    return _as_numpy(around_person(jnp.asarray(found.points[0]), jnp.asarray(found.points[1])))


def _as_numpy(region: Region) -> Region:
    return Region(*(np.asarray(each) for each in region))  # type: ignore[arg-type]


def _is_known(found: Detection, known: list[Poses]) -> bool:
    return any(
        np.linalg.norm(found.points[0] - poses_of.middle(pose, HIPS))
        < _SAME_PERSON * poses_of.torso(pose)
        for pose in known
    )


def _centroid(logits: Float[np.ndarray, "size size"], region: Region) -> Float[np.ndarray, "2"]:
    """Return the centroid of a region's mask, (x, y) in pixels; NaN where it is empty."""
    share = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -50.0, 50.0)))
    total = share.sum()
    if total < 1.0:
        return np.full(2, np.nan)
    rows, columns = (np.arange(length) for length in share.shape)
    x, y = share.sum(axis=0) @ columns / total, share.sum(axis=1) @ rows / total
    matrix = np.asarray(crop_matrix(region, *share.shape[::-1]), np.float64)
    return (matrix @ [x, y, 1.0])[:2]


def _nobody() -> Poses:
    points = poses_of.POINTS
    shapes = ((0, points, 3), (0, points), (0, points), (0, points, 3), (0,), (0,))
    return Poses(*(np.zeros(shape) for shape in shapes))
