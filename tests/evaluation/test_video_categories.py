from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.evaluation.video_categories import videos_by_category


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_each_category_has_its_videos_in_the_order_of_numbers(tmp_path):
    touch(tmp_path, "Crowd/10.avi", "Crowd/2.avi", "Regular/0.avi", "Regular/notes.txt")
    found = videos_by_category(tmp_path)
    assert list(found) == ["Crowd", "Regular"]
    assert [file.name for file in found["Crowd"]] == ["2.avi", "10.avi"]
    assert found["Regular"] == [tmp_path / "Regular" / "0.avi"]


def test_what_methods_made_of_the_videos_is_left_out(tmp_path):
    touch(tmp_path, "Zooming/original/videos/1.mp4", "Zooming/ours/videos/1.mp4")
    found = videos_by_category(tmp_path)
    assert found == {"Zooming": [tmp_path / "Zooming" / "original" / "videos" / "1.mp4"]}


def test_any_folder_of_videos_is_one_category(tmp_path):
    touch(tmp_path / "clips", "b.mp4", "a.mov", "empty/notes.txt")
    found = videos_by_category(tmp_path / "clips")
    assert {name: [file.name for file in files] for name, files in found.items()} == {
        "clips": ["a.mov", "b.mp4"]
    }


def test_a_folder_without_videos_is_named(tmp_path):
    touch(tmp_path, "Regular/notes.txt")
    with pytest.raises(InputError, match="no video in it or in a category's folder"):
        videos_by_category(tmp_path)
    with pytest.raises(InputError, match="there is no such folder of videos"):
        videos_by_category(tmp_path / "nowhere")
