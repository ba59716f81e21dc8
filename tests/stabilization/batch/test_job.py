"""Which clips patterns mean, and where their results go."""

from pathlib import Path

import pytest
from storage import folder_store

from dvs_jax import storage
from dvs_jax.errors import InputError
from dvs_jax.stabilization.batch import Job, jobs_of

OUT = Path("results")


@pytest.fixture(autouse=True)
def trip(tmp_path, monkeypatch) -> Path:
    """Two folders with a video of the same name each, and a lone video."""
    for name in ("trip/one/video.mp4", "trip/two/video.mp4", "trip/alone.MOV", "trip/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "trip"


def folders(*clips: str) -> dict[str, str]:
    return {str(job.clip): str(job.folder) for job in jobs_of(clips, OUT)}


def test_a_single_clip_has_the_folder_to_itself(trip):
    assert jobs_of(["trip/one"], OUT) == [Job(Path("trip/one"), OUT)]
    assert jobs_of(["no such clip"], OUT) == [Job(Path("no such clip"), OUT)]


def test_several_have_a_folder_each_named_from_what_they_share_on():
    assert folders("trip/one", "trip/two", "trip/alone.MOV") == {
        "trip/one": "results/one",
        "trip/two": "results/two",
        "trip/alone.MOV": "results/alone",
    }
    assert folders("trip/one/video.mp4", "trip/two/video.mp4") == {
        "trip/one/video.mp4": "results/one/video",
        "trip/two/video.mp4": "results/two/video",
    }


def test_a_pattern_means_folders_and_videos_in_order(trip):
    (trip / "alone_stab.mp4").touch()
    assert list(folders("trip/*")) == ["trip/alone.MOV", "trip/one", "trip/two"]
    assert list(folders("trip/**/*.mp4")) == ["trip/one/video.mp4", "trip/two/video.mp4"]


def test_a_pattern_that_matches_one_clip_gives_it_a_folder_of_its_own():
    assert folders("trip/al*") == {"trip/alone.MOV": "results/alone"}


def test_results_of_an_earlier_run_are_no_clips(trip):
    (trip / "steady" / "one").mkdir(parents=True)
    found = jobs_of(["trip/*"], trip / "steady")
    assert [job.clip.name for job in found] == ["alone.MOV", "one", "two"]
    found = jobs_of(["trip/one", "trip/two"], trip)
    assert [job.folder.name for job in found] == ["one", "two"]


def test_a_clip_named_twice_is_done_once():
    assert list(folders("trip/one", "trip/o*", "trip/two")) == ["trip/one", "trip/two"]


def test_a_name_that_looks_like_a_pattern_is_taken_at_its_word(trip):
    (trip / "take[1]").mkdir()
    assert folders("trip/take[1]") == {"trip/take[1]": "results"}


def test_videos_that_differ_in_their_suffix_alone_keep_it(trip):
    (trip / "alone.mp4").touch()
    made = folders("trip/alone.mp4", "trip/alone.MOV", "trip/one")
    assert list(made.values()) == ["results/alone.mp4", "results/alone.MOV", "results/one"]


def test_a_pattern_without_a_match_is_refused():
    with pytest.raises(InputError, match=r"\*\.avi: no video and no folder matches"):
        jobs_of(["trip/*.avi", "trip/one"], OUT)


def test_a_folder_of_several_videos_means_each_of_them(trip):
    for name in ("a.MTS", "b.mp4", "b_stab_crop.mp4", "B_flo.mp4"):
        (trip / "one" / name).touch()
    (trip / "one" / "video.mp4").unlink()
    assert folders("trip/one") == {"trip/one/a.MTS": "results/a", "trip/one/b.mp4": "results/b"}
    assert folders("trip/o*", "trip/two") == {
        "trip/one/a.MTS": "results/one/a",
        "trip/one/b.mp4": "results/one/b",
        "trip/two": "results/two",
    }


def test_addresses_and_patterns_of_them(tmp_path, monkeypatch):
    folder_store.put_in_place(monkeypatch, tmp_path / "store")
    made = ("a/one_stab_crop.mp4", "a/one_subject.mp4", "a/notes.txt")
    for name in (*made, "a/one.mp4", "a/two_mask.mov", "b/c/three.mp4"):
        file = tmp_path / "store/box" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def names(clip):
        jobs = jobs_of([clip], Path("s3://box/out"))
        return {storage.address_of(job.clip): storage.address_of(job.folder) for job in jobs}

    both = {
        f"s3://box/a/{name}": "s3://box/out/" + name[:-4] for name in ("one.mp4", "two_mask.mov")
    }
    assert names("s3://box/a") == names("s3://box/a/*") == both
    assert names("s3://box/b/*") == {"s3://box/b/c": "s3://box/out/c"}
    assert names("s3://box/b/c") == {"s3://box/b/c": "s3://box/out"}
    with pytest.raises(InputError, match=r"^s3://box/z/\*: no video and no folder matches"):
        names("s3://box/z/*")
