"""What killed processes leave is removed by the next one, and never what a living one makes."""

import threading
from pathlib import Path

import pytest

from dvs_jax.whole_file import held, replacing, replacing_together, scratch, temporary

from .other_run import writing


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.mark.parametrize("kind", ["locked", "together", "one"])
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, kind):
    with writing(kind, tmp_path) as process:
        (unfinished,) = names(tmp_path)
        temporary.remove_abandoned(tmp_path)
        assert names(tmp_path) == {unfinished}
        process.kill()
        process.wait()
        assert names(tmp_path) == {unfinished}
    with replacing_together(tmp_path) as new:
        (new / "walk.mp4").write_text("whole")
    assert names(tmp_path) == {"walk.mp4"}


def test_one_files_left_overs_are_removed_by_who_writes_one_file(tmp_path):
    with writing("one", tmp_path) as process:
        process.kill()
        process.wait()
        assert len(names(tmp_path)) == 1
    with replacing(tmp_path / "walk.txt") as part:
        part.write_text("whole")
    assert names(tmp_path) == {"walk.txt"}


def test_two_write_at_the_same_time(tmp_path):
    with writing("together", tmp_path), replacing_together(tmp_path) as new:
        (new / "other.mp4").write_text("whole")
        assert len(names(tmp_path)) == 2
        temporary.remove_abandoned(tmp_path)
        assert len(names(tmp_path)) == 2


def test_left_overs_without_a_lock_are_removed_and_links_are_left(tmp_path):
    (tmp_path / "out" / ".unfinished-old" / "flo").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / ".unfinished-link").symlink_to(tmp_path / "elsewhere")
    temporary.remove_abandoned(tmp_path / "out")
    assert names(tmp_path / "out") == {".unfinished-link"}
    assert names(tmp_path / "elsewhere") == set()


def test_where_there_are_no_locks_nothing_is_removed_but_all_goes_on(tmp_path, monkeypatch):
    def missing(_: Path) -> int:
        raise held.NoLocksError

    monkeypatch.setattr(held, "take", missing)
    (tmp_path / ".unfinished-somebodys").mkdir()
    with replacing_together(tmp_path) as new:
        (new / "walk.mp4").write_text("whole")
    assert names(tmp_path) == {"walk.mp4", ".unfinished-somebodys"}


def test_all_that_is_unfinished_can_be_removed_at_once(tmp_path):
    with replacing_together(tmp_path) as new, replacing(tmp_path / "walk.txt") as part:
        (new / "flo").mkdir()
        (new / "flo" / "00000.flo").write_text("half")
        part.write_text("half")
        temporary.remove_all()
        temporary._naming.release()  # which is kept for the end of the process
        assert names(tmp_path) == set()
        new.mkdir()
        part.parent.mkdir()
        part.write_text("for the end of the test")


def test_the_end_of_the_process_waits_while_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary, "_LONGEST_NAMING_S", 60.0)
    with temporary.naming():
        assert temporary.is_naming()
        ending = threading.Thread(target=temporary.remove_all)
        ending.start()
        ending.join(0.2)
        assert ending.is_alive()
    ending.join()
    temporary._naming.release()
    assert not temporary.is_naming()


def test_a_scratch_folder_is_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch() as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "film.mp4").write_text("film")
    assert names(tmp_path) == set()
