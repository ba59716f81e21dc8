"""Copies of what lies in a store: made once, checked, gone on with; messages name the address."""

import logging

import pytest

from dvs_jax import storage
from dvs_jax.errors import InputError
from dvs_jax.storage import staging, store

NAME = "s3://box/data/set"


@pytest.fixture
def files(box):
    """A folder of three files."""
    (box / "data/set/deep").mkdir(parents=True)
    (box / "data/set/a.txt").write_bytes(b"first")
    (box / "data/set/deep/b.bin").write_bytes(bytes(range(200)))
    (box / "data/set/empty").write_bytes(b"")
    return box / "data/set"


def names(folder):
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def test_a_local_path_stays_as_it_is(tmp_path):
    assert storage.local(tmp_path) == tmp_path


def test_a_folder_is_copied_once(files, stored, cache, caplog):
    caplog.set_level(logging.INFO)
    copy = storage.local(NAME)
    assert copy.is_relative_to(cache)
    assert names(copy) == {"a.txt", "deep/b.bin", "empty"}
    assert (copy / "deep/b.bin").read_bytes() == bytes(range(200))
    assert "s3://box/data/set: copying 3 of its files, 0.0 MB" in caplog.text
    stored.read.clear()
    assert storage.local(f"{NAME}/") == copy
    assert stored.read == []
    assert storage.local("s3://box/data/set/a.txt").read_bytes() == b"first"


def test_what_changes_in_the_store_changes_in_the_copy(files):
    copy = storage.local(NAME)
    (files / "a.txt").write_bytes(b"other")
    (files / "deep/b.bin").unlink()
    assert storage.local(NAME) == copy
    assert names(copy) == {"a.txt", "empty"}
    assert (copy / "a.txt").read_bytes() == b"other"


def test_what_was_cut_off_is_gone_on_with(files, stored, monkeypatch):
    monkeypatch.setattr(staging, "_CHUNK_BYTES", 64)
    whole = stored.cat_file

    def until_128(path, start=None, end=None, **how):
        if start == 128:
            raise TimeoutError("the line is dead")
        return whole(path, start, end, **how)

    stored.cat_file = until_128
    with pytest.raises(
        InputError, match=r"^s3://box/data/set/deep/b.bin: cannot be read \(the line"
    ):
        storage.local(NAME)
    stored.cat_file = whole
    stored.read.clear()
    copy = storage.local(NAME)
    assert [start for path, start in stored.read if path.endswith("b.bin")] == [128, 192]
    assert (copy / "deep/b.bin").read_bytes() == bytes(range(200))


def test_a_copy_that_differs_from_the_store_is_refused(files, stored, monkeypatch):
    listed = store._entry
    monkeypatch.setattr(store, "_entry", lambda info: listed(info)._replace(md5="0" * 32))
    with pytest.raises(InputError, match=r"^gs://box/data/set/.*: was changed or damaged while it"):
        storage.local("gs://box/data/set")


def test_only_what_is_wanted_is_copied(files):
    assert names(storage.local(NAME, lambda name: name.endswith(".txt"))) == {"a.txt"}
    assert names(storage.local(NAME, depth=1)) == {"a.txt", "empty"}


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("s3://box/nothing", "there is nothing; look at the address"),
        ("gs://bax/data", "there is no bucket gs://bax; look at the address"),
    ],
)
def test_what_is_not_there_is_told(files, address, complaint):
    with pytest.raises(InputError) as told:
        storage.local(address)
    assert str(told.value) == f"{address}: {complaint}"


def test_what_was_not_written_to_its_end_is_refused(files):
    (files / store.UNFINISHED).touch()
    with pytest.raises(InputError, match=r"^s3://box/data/set: is being written, or was not"):
        storage.local(NAME)


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (PermissionError("Forbidden"), r"cannot be read with these credentials, or none \(Forbi"),
        (OSError("Anonymous caller lacks storage.objects.list"), r"credentials.*AWS_PROFILE"),
        (ConnectionError("refused"), r"cannot be read \(refused\); the store must be within reach"),
        (ImportError("no s3fs"), r"needs s3fs, .* not installed: pip install 'dvs-jax\[s3\]'"),
    ],
)
def test_what_a_driver_raises_is_one_line(files, stored, error, complaint):
    stored.fails = error
    with pytest.raises(InputError, match=rf"^s3://box/data/set: .*{complaint}"):
        storage.local(NAME)


def test_a_store_that_does_not_answer_is_told(files, stored, monkeypatch):
    monkeypatch.setattr(store, "PATIENCE_S", 0.05)
    import threading

    stored.find = lambda *_, **__: threading.Event().wait(5.0)
    with pytest.raises(InputError, match=r"^s3://box/data/set: no answer for 0.05 s"):
        storage.local(NAME)


def test_the_driver_is_named_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(
        InputError, match=r"^s3://box/x: needs s3fs, .*pip install 'dvs-jax\[s3\]'$"
    ):
        storage.local("s3://box/x")
