"""`dvs-jax subject`."""

import zipfile

import pytest

from dvs_jax.subject import run
from tests.subject import walk_clip

from .run import assert_refused

COUNT = 12


@pytest.fixture
def clip(tmp_path):
    return walk_clip.write(tmp_path, COUNT).video.path


@pytest.fixture
def found(monkeypatch):
    """Networks that find two people."""
    monkeypatch.setattr(run, "load_pose", lambda *_: None)
    made = walk_clip.survey(COUNT, also=True)
    monkeypatch.setattr(run, "survey", lambda *_: made)


def test_it_prints_people_and_measures_and_writes_files(dvs, clip, found, tmp_path):
    out = tmp_path / "out"
    ran = dvs("subject", clip, "-o", out, "--skeleton", "--cutoff", "3", "--border", "#204060")
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "followed" in said and "--person NUMBER" in said and "torso a frame x (px)" in said
    names = "_subject.mp4 _skeleton.mp4 _pose.json _pose.csv _subject.jpg _subject_metrics.json"
    for name in names.split():
        assert f"walk{name}" in said and (out / f"walk{name}").is_file()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--person", "7"), "no person '7'"),
        (("--person", "0.2,0.2@99"), "nobody was seen near 99 s"),
        (("--target", "2,0.5"), "outside the picture"),
        (("--border", "mirror"), "neither reflect, replicate, zoom nor a colour"),
        (("--crop-size", "333", "40"), "even numbers"),
        (("--cutoff", "0"), "cutoff 0 Hz"),
    ],
)
def test_what_is_impossible_is_one_line(dvs, clip, found, tmp_path, options, complaint):
    ran = dvs("subject", clip, "-o", tmp_path / "out", *options)
    assert_refused(ran, complaint)
    assert not (tmp_path / "out/walk_subject.mp4").exists()


def test_models_that_are_none_are_one_line(dvs, clip, tmp_path):
    out, task = tmp_path / "out", tmp_path / "pose.task"
    assert_refused(dvs("subject", clip, "-o", out, "--models", tmp_path), "no such file; fetch")
    task.write_bytes(b"PK\3\4 cut short")
    assert_refused(dvs("subject", clip, "-o", out, "--pose-model", task), "pose.task.*damaged")
    with zipfile.ZipFile(task, "w") as bundle:
        bundle.writestr("hand_detector.tflite", b"TFL3")
    assert_refused(dvs("subject", clip, "-o", out, "--pose-model", task), "another kind of bundle")
    missing = tmp_path / "none.task"
    assert_refused(dvs("subject", clip, "-o", out, "--pose-model", missing), "none.task")
    assert not out.exists()


@pytest.mark.slow
def test_a_clip_without_people_is_one_line(dvs, clip, published_models, tmp_path):
    ran = dvs("subject", clip, "-o", tmp_path / "out", "--models", published_models)
    assert_refused(ran, "nobody was found; the likeliest place had a score of")
