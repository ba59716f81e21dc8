"""One writer at a time."""

import errno
import threading
from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.whole_file import held, locked

from .other_run import writing


def test_a_second_writer_is_refused_until_the_first_has_ended(tmp_path):
    with writing("locked", tmp_path) as process:
        refused = pytest.raises(InputError, match=f"{tmp_path}: another run is writing the flow th")
        with refused, locked(tmp_path, "the flow"):
            pytest.fail("both would write")
        with locked(tmp_path, "something else"):
            pass
        process.kill()
        process.wait()
        with locked(tmp_path, "the flow"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_thread_may_enter_it_again_and_another_may_not(tmp_path):
    def enter() -> None:
        try:
            with locked(tmp_path, "the flow"):
                refusals.append("none")
        except InputError as error:
            refusals.append(str(error))

    refusals: list[str] = []
    with locked(tmp_path / "." / "", "the flow"), locked(tmp_path, "the flow"):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(refusals) == 1 and "another run is writing the flow" in refusals[0]
    assert list(tmp_path.iterdir()) == []


def test_where_there_are_no_locks_nobody_is_kept(tmp_path, monkeypatch):
    def missing(descriptor: int, _: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(held.fcntl, "flock", missing)
    with locked(tmp_path, "the flow"):
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    def refuse(_: Path) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(held, "take", refuse)
    with (
        pytest.raises(InputError, match=f"{tmp_path}: cannot be written: Read-only file system"),
        locked(tmp_path, "the flow"),
    ):
        pytest.fail("nothing should be begun that cannot be kept")


def test_a_file_that_its_holder_removes_meanwhile_is_made_anew(tmp_path, monkeypatch):
    file, flock = tmp_path / "lock", held.fcntl.flock

    def removed_first(descriptor: int, how: int) -> None:
        monkeypatch.setattr(held.fcntl, "flock", flock)
        file.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(held.fcntl, "flock", removed_first)
    assert held.take(file) is not None
    assert file.exists()
    assert held.take(file) is None
