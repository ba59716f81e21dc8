import numpy as np
import pytest

from dvs_jax import synthetic
from dvs_jax.subject import people
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.pose import Poses
from tests.subject import noisy


def follow(frames, rate=30.0):
    tracker = people.Tracker()
    return tracker, [tracker.see(index, index / rate, found) for index, found in enumerate(frames)]


def test_two_who_cross_stay_themselves_and_are_missing_where_they_could_be_either():
    along = np.linspace(100.0, 500.0, 61)
    frames = []
    for index, x in enumerate(along):
        pair = [noisy.standing(x, 200.0), noisy.standing(600.0 - x, 204.0)]
        frames.append(noisy.together(*(pair if index % 2 else pair[::-1])))
    tracker, whose = follow(frames)
    assert len(tracker.tracks) == 2
    for number, end in enumerate((600.0 - along[-1], along[-1])):
        track = tracker.tracks[number]
        assert track.pose(-1).point[23, 0] == pytest.approx(end + 10.0)
        steps = np.abs(np.diff(track.poses().point[:, 23, 0]) / np.diff(track.frame))
        assert np.allclose(steps, 400.0 / 60.0)
    assert [list(each) for each in whose].count([-1, -1]) + sum(
        sorted(each) == [-1, 0] or sorted(each) == [-1, 1] for each in whose
    ) < 10


def test_one_pose_of_two_people_in_one_place_is_nobodys():
    ahead = [noisy.together(noisy.standing(x, 200), noisy.standing(x + 40, 200)) for x in (90, 95)]
    between = noisy.together(noisy.standing(121, 200))
    tracker, whose = follow([*ahead, between])
    assert whose[-1].tolist() == [-1] and len(tracker.tracks) == 2


def test_a_duplicate_is_left_out_and_the_better_score_kept():
    found = noisy.together(noisy.standing(100, 100), noisy.standing(104, 101))
    found = found._replace(score=np.array([0.7, 0.9]))
    _, whose = follow([found])
    assert whose[0].tolist() == [-1, 0]


def test_who_comes_back_within_three_seconds_is_the_same():
    path = np.stack([np.linspace(100, 400, 200), np.full(200, 150.0)], -1)
    places = noisy.moving(path)
    for gap, count in ((75, 1), (110, 2)):
        frames = [
            noisy.together() if 20 <= index < 20 + gap else noisy.together(places[index])
            for index in range(200)
        ]
        tracker, _ = follow(frames)
        assert len(tracker.tracks) == count


def test_another_size_is_another_person():
    tracker, whose = follow(
        [noisy.together(noisy.standing(torso=50)), noisy.together(noisy.standing(torso=110))]
    )
    assert whose[1].tolist() == [1] and len(tracker.tracks) == 2


def test_nobody_and_an_unknown_pose_are_no_track():
    nowhere = noisy.together(np.full((33, 2), np.nan))
    tracker, whose = follow([noisy.together(), nowhere])
    assert whose[0].tolist() == [] and whose[1].tolist() == [-1] and tracker.tracks == []


def test_a_drawn_crossing_seen_by_a_shaking_camera():
    clip = synthetic.SyntheticClip("handheld", duration_s=2.4, size=(240, 136), seed=4)
    walkers = [
        synthetic.Walker((-1.6, 6.0), (1.3, 0.0)),
        synthetic.Walker((1.6, 5.2), (-1.3, 0.0), seed=2),
    ]
    places, visible = synthetic.tracks(synthetic.make_walk(clip, walkers))
    found = [noisy.poses(places[each], visible[each], 0.2, seed=each) for each in (0, 1)]
    seen = visible[:, :, list(poses_of.HIPS)].all(-1)
    frames = []
    for index in range(clip.frame_count):
        present = [found[each].at(index) for each in (1, 0) if seen[each, index]]
        frames.append(poses_of.stacked(present) if present else noisy.together())
    tracker, _ = follow(frames)
    assert len(tracker.tracks) == 2
    hips = poses_of.middle(noisy.poses(places.reshape(-1, 33, 2)), poses_of.HIPS).reshape(2, -1, 2)
    for track in tracker.tracks:
        told = poses_of.middle(track.poses(), poses_of.HIPS)
        away = np.linalg.norm(hips[:, track.frame] - told, axis=-1).max(axis=1)
        assert away.min() < 1.2 < 40.0 < away.max()
        assert len(track.frame) > 0.75 * clip.frame_count


def recorded(golden, name, size):
    tracks = np.load(golden / "subject/tracks.npz")
    landmarks = tracks[f"{name}_landmarks"].astype(float)
    point = landmarks[..., :3] * (size[0], size[1], size[0])
    known = np.isfinite(point).all(axis=(-1, -2))
    pose = Poses(
        point,
        landmarks[..., 3],
        landmarks[..., 4],
        np.zeros_like(point),
        known.astype(float),
        np.ones(known.shape),
    )
    return tracks, pose, known


@pytest.mark.parametrize(
    ("name", "size", "who"),
    [
        ("garden", (960, 540), ("walker", "standing")),
        ("portrait", (540, 960), ("man", "woman")),
    ],
)
def test_recorded_people_of_real_clips(golden, name, size, who):
    tracks, pose, known = recorded(golden, name, size)
    tracker = people.Tracker()
    whose = np.full(known.shape, -1)
    for index, time_s in enumerate(tracks[f"{name}_time_s"]):
        here = np.flatnonzero(known[index])
        whose[index, here] = tracker.see(index, float(time_s), pose.at(index).at(here))
    for person in who:
        wanted = tracks[f"{name}_{person}"]
        frames = np.flatnonzero(wanted >= 0)
        numbers = whose[frames, wanted[frames]]
        usual = np.bincount(numbers[numbers >= 0]).argmax()
        assert (numbers == usual).mean() > 0.95, person
