"""A clip to the video in which a person stays in place, by a survey that is made up."""

import csv
import json

import numpy as np
import pytest

from dvs_jax import video
from dvs_jax.errors import InputError
from dvs_jax.subject import load_poses, run
from dvs_jax.subject.settings import Settings
from dvs_jax.subject.survey import Survey
from tests.memory import traced_memory
from tests.subject import walk_clip
from tests.subject.walk_clip import SIZE

COUNT = 24
MIDDLE = (np.array(SIZE) - 1.0) / 2.0
QUICK = {"preset": "ultrafast", "crf": 1.0, "border": "black"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return walk_clip.write(tmp_path_factory.mktemp("walk"), COUNT)


def made(clip, folder, found=None, **wanted):
    found = walk_clip.survey(COUNT) if found is None else found
    return run.stabilize_found(clip, folder, found, Settings(**{**QUICK, **wanted}))


def test_the_person_stays_at_the_target_and_all_files_are_there(clip, tmp_path):
    report = made(clip, tmp_path, side_by_side=True, skeleton=True)
    places = walk_clip.squares(report.video)
    assert np.abs(places - MIDDLE).max() < 0.6 and np.abs(places - MIDDLE).mean() < 0.25
    assert np.abs(walk_clip.squares(clip.video.path) - MIDDLE).max() > 20.0
    np.testing.assert_array_equal(video.probe(report.video).time_ns, clip.video.time_ns)
    both = video.probe(report.compared)
    assert (both.width, both.height) == (2 * SIZE[0], SIZE[1])
    assert video.probe(report.skeleton).frame_count == COUNT
    named = {file.name for file in tmp_path.iterdir()}
    ends = ["_pose.csv", "_pose.json", "_subject.jpg", "_subject_metrics.json"]
    movies = ["_compare.mp4", "_skeleton.mp4", "_subject.mp4"]
    assert named == {f"walk{end}" for end in ends + movies}


def test_poses_and_measures_tell_what_was_done(clip, tmp_path):
    report = made(clip, tmp_path, refine="none")
    poses = load_poses(report.pose_json)
    assert poses.followed == 1 and poses.anchor.status == ["measured"] * COUNT
    assert poses.raw + poses.shift == pytest.approx(np.tile(MIDDLE, (COUNT, 1)), abs=0.5)
    with report.pose_csv.open() as file:
        assert len(list(csv.DictReader(file))) == COUNT
    told = json.loads(report.measures_file.read_text())
    assert told["output"]["residual_x_px"] < 0.5 < 10.0 < told["input"]["residual_x_px"]
    # Neither pose nor anchor is in it: the picture itself moves less.
    assert told["output"]["torso_x_px"] < 0.4 < 1.0 < told["input"]["torso_x_px"]
    assert told["output"]["background_px_s"] == pytest.approx(45.0, abs=12.0)
    assert told["output"]["invented_percent"] > 5.0 and told["input"]["invented_percent"] == 0.0
    assert told["measured"] == COUNT and set(told["frames_s"]) == {"drawing"}


@pytest.mark.slow
def test_another_target_and_another_person(clip, tmp_path):
    found = walk_clip.survey(COUNT, also=True)
    report = made(clip, tmp_path, found, target="48px,54px")
    assert np.abs(walk_clip.squares(report.video) - (48.0, 54.0)).max() < 0.6
    other = made(clip, tmp_path, found, person="0.13,0.6@0.5", refine="none")
    # Who stands does not move, and so the clip is shifted by one shift.
    assert other.poses.followed == 2
    assert np.ptp(other.poses.shift, axis=0).max() < 1e-6


def test_a_window_shows_the_person_at_one_to_one(clip, tmp_path):
    report = made(clip, tmp_path, crop_size=(64, 48), side_by_side=True)
    info = video.probe(report.video)
    assert (info.width, info.height) == (64, 48)
    assert np.abs(walk_clip.squares(report.video) - (31.5, 23.5)).max() < 1.1
    assert video.probe(report.compared).width == 128


def test_a_zoom_leaves_nothing_uncovered(clip, tmp_path):
    report = made(clip, tmp_path, border="zoom", max_zoom=3.0)
    assert report.measures.output.invented_percent == 0.0
    assert 1.5 < report.measures.largest_scale <= 3.0
    assert np.abs(walk_clip.squares(report.video) - MIDDLE).max() < 2.0


def test_after_an_error_nothing_has_changed(clip, tmp_path, monkeypatch):
    def full(*_):
        raise InputError("the disk is full")

    monkeypatch.setattr(run.plot, "write", full)
    (tmp_path / "walk_subject.mp4").write_text("an older one")
    with pytest.raises(InputError, match="full"):
        made(clip, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["walk_subject.mp4"]
    assert (tmp_path / "walk_subject.mp4").read_text() == "an older one"


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"person": "3"}, "no person '3'"),
        ({"person": "0.5,0.5@9"}, "nobody was seen near 9 s"),
        ({"target": "1.2,0.5"}, "outside the picture"),
        ({"target": "middle"}, "no place in the picture"),
        ({"crop_size": (63, 48)}, "even numbers"),
        ({"crop_size": (640, 48)}, "up to the picture's 192 × 108"),
    ],
)
def test_what_is_impossible_is_refused_and_nothing_written(clip, tmp_path, wanted, complaint):
    with pytest.raises(InputError, match=complaint):
        made(clip, tmp_path, **wanted)
    assert list(tmp_path.iterdir()) == []


def test_a_clip_without_people_tells_the_best_score(clip, tmp_path):
    nobody = Survey(SIZE, [], [], [], np.zeros((COUNT, 4)), [], 0.37)
    with pytest.raises(InputError, match=r"walk.mp4: nobody was found; .* 0\.37 where 0\.5"):
        made(clip, tmp_path, nobody)


def test_a_target_outside_is_told_before_people_are_sought(clip, tmp_path):
    with pytest.raises(InputError, match="outside the picture"):
        run.require_possible(clip, tmp_path, Settings(target="900px,10px"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"border": "mirror"},
        {"max_zoom": 0.5},
        {"min_confidence": 2.0},
        {"framing": "wide"},
        {"refine": "much"},
        {"anchor": "nose"},
        {"codec": "prores"},
    ],
)
def test_settings_that_are_impossible(wanted):
    with pytest.raises(InputError):
        Settings(**wanted)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(tmp_path):
    took = []
    for count in (24, 96):
        folder = tmp_path / str(count)
        folder.mkdir()
        clip = walk_clip.write(folder, count)
        found = walk_clip.survey(count)
        with traced_memory() as peak:
            run.stabilize_found(clip, folder, found, Settings(**QUICK, side_by_side=True))
        took.append(peak())
    # 72 pictures more would be 2.2 million bytes as planes.
    assert took[1] - took[0] < 72 * SIZE[0] * SIZE[1] * 1.5 / 2
