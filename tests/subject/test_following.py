"""People followed from frame to frame, by networks that know where everyone is."""

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.subject import following
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.detector import Candidates
from dvs_jax.subject.following import DETECTED_EVERY, Follower
from dvs_jax.subject.landmarks import Pose
from dvs_jax.subject.networks import PoseNetworks
from tests.subject import noisy

TORSO = 20.0
REACH = 15.0
"""How far from his hips a region may lie that shows a person, in pixels."""


def picture(frame):
    """Return a picture that tells its number."""
    return np.full((120, 240, 3), frame, np.uint8)


class World:
    """Networks that know where the hips of everyone are, in each frame; None where nobody is."""

    def __init__(self, monkeypatch, people):
        self.people = people
        self.looks, self.detections = 0, 0
        monkeypatch.setattr(following.landmarks, "poses", self._poses)
        monkeypatch.setattr(following.landmarks, "poses_and_masks", self._poses_and_masks)
        monkeypatch.setattr(following.detector, "candidates", self._candidates)

    def _at(self, frame):
        return [(number, each[frame]) for number, each in enumerate(self.people)]

    def _poses(self, _, images, regions):
        self.looks += 1
        center, frame = np.asarray(regions.center[0]), int(images[0, 0, 0, 0])
        places = [place for _, place in self._at(frame) if place is not None]
        near = [place for place in places if np.linalg.norm(place - center) < REACH]
        hips = np.array(near[0] if near else center, float)
        point = np.zeros((39, 3))
        point[:33, :2] = noisy.standing(*hips, TORSO)
        point[33, :2], point[34, :2] = hips, hips - (0, 1.8 * TORSO)
        sure = jnp.full(39, 0.99)
        pose = Pose(jnp.asarray(point), sure, sure, jnp.zeros((39, 3)), jnp.float32(bool(near)))
        return Pose(*(each[None] for each in pose))

    def _poses_and_masks(self, _, images, regions):
        masks = jnp.full((1, 64, 64), -9.0).at[0, 20:25, 30:34].set(9.0)
        return self._poses(_, images, regions), masks

    def _candidates(self, _, images):
        self.detections += 1
        is_whole, frame = images.shape[2] == 240, int(images[0, 0, 0, 0])
        score, box, points = np.zeros(3), np.zeros((3, 4)), np.zeros((3, 4, 2))
        for number, place in self._at(frame):
            if place is not None and is_whole:
                score[number], box[number] = 0.9, (*place, 10.0, 10.0)
                points[number, :2] = place + np.array([[4.0, 0.0], [0.0, -36.0]])
        return Candidates(*(jnp.asarray(each[None]) for each in (score, box, points)))


def followed(count, **told):
    follower = Follower(PoseNetworks(None, None), **told)
    for frame in range(count):
        follower.see(frame, frame / 30.0, picture(frame))
    return follower


def walking(count, first=0, last=10_000, gone=()):
    """Return where someone is who walks to the right from frame `first` to `last`."""
    there = set(range(first, min(last + 1, count))) - set(gone)
    return [np.array([30.0 + 2.0 * at, 60.0]) if at in there else None for at in range(count)]


def standing(count):
    return [np.array([180.0, 60.0])] * count


def test_who_was_found_is_not_detected_again(monkeypatch):
    world = World(monkeypatch, [walking(30), standing(30)])
    follower = followed(30)
    tracks = follower.tracker.tracks
    assert [track.frame for track in tracks] == [list(range(30))] * 2
    hips = poses_of.middle(tracks[0].poses(), poses_of.HIPS)
    assert hips == pytest.approx(np.array(walking(30)), abs=1e-3)
    # Whole and four parts, for they are small, every tenth frame; a second look at the first only.
    assert world.detections == 5 * 30 // DETECTED_EVERY
    assert world.looks == 2 * 30 + 2
    assert follower.best_score == pytest.approx(0.9)


def test_who_comes_between_two_looks_is_followed_back(monkeypatch):
    World(monkeypatch, [standing(24), walking(24, first=13)])
    tracks = followed(24, with_centroids=True)
    walker = tracks.tracker.tracks[1]
    assert walker.frame == list(range(13, 24)) and walker.time_s == sorted(walker.time_s)
    assert sorted(tracks.centroids[1]) == walker.frame
    assert all(np.isfinite(each).all() for each in tracks.centroids[1].values())


def test_who_was_hidden_is_the_same_person_and_seen_as_soon_as_he_is_back(monkeypatch):
    gone = range(12, 18)
    World(monkeypatch, [walking(40, gone=gone)])
    tracks = followed(40).tracker.tracks
    assert len(tracks) == 1
    assert tracks[0].frame == [frame for frame in range(40) if frame not in gone]


def test_where_one_goes_the_other_is_not_taken_for_him(monkeypatch):
    world = World(monkeypatch, [walking(30, last=14), standing(30)])
    tracks = followed(30).tracker.tracks
    assert [track.frame[-1] for track in tracks] == [14, 29]
    assert np.ptp(poses_of.middle(tracks[1].poses(), poses_of.HIPS)[:, 0]) < 1e-3
    assert world.looks < 2 * 30 + 10


def test_an_empty_clip_costs_no_look_and_is_no_error(monkeypatch):
    world = World(monkeypatch, [[None] * 12])
    follower = followed(12)
    assert follower.tracker.tracks == [] and world.looks == 0 and world.detections == 10
    assert follower.best_score == 0.0
