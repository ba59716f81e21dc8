"""Files that are whole or not there: after success, after every kind of failure."""

import errno
import os
from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.whole_file import make_folder, replacing, replacing_together

FAILURES = [
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), InputError, "No space left on device"),
    (OSError(errno.EROFS, os.strerror(errno.EROFS)), InputError, "Read-only file system"),
    (ValueError("a fault"), ValueError, "a fault"),
    (KeyboardInterrupt(), KeyboardInterrupt, None),
]


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_a_file_takes_its_name_when_all_has_gone_well(tmp_path):
    file = tmp_path / "walk.txt"
    file.write_text("old")
    with replacing(file) as part:
        part.write_text("new")
        assert file.read_text() == "old"
        assert (part.parent.parent, part.name) == (tmp_path, "walk.txt")
    assert contents(tmp_path) == {"walk.txt": "new"}


@pytest.mark.parametrize(("failure", "kind", "message"), FAILURES)
def test_a_failure_leaves_the_older_file(tmp_path, failure, kind, message):
    file = tmp_path / "walk.txt"
    file.write_text("old")
    with pytest.raises(kind, match=message) as caught, replacing(file) as part:
        part.write_text("half")
        raise failure
    assert contents(tmp_path) == {"walk.txt": "old"}
    assert kind is not InputError or str(file) in str(caught.value)


def test_a_file_in_a_folder_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    for folder, reason in (("nowhere", "No such file"), ("file", "Not a directory")):
        file = tmp_path / folder / "walk.txt"
        with pytest.raises(InputError, match=f"{file}: .*{reason}"), replacing(file) as part:
            part.write_text("new")


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    file = tmp_path / ("ü" * 125 + ".txt")
    with replacing(file) as part:
        part.write_text("new")
    assert contents(tmp_path) == {file.name: "new"}


def test_files_appear_together(tmp_path):
    out = tmp_path / "new" / "out"
    with replacing_together(out) as unfinished:
        (unfinished / "walk.txt").write_text("path")
        (unfinished / "walk.mp4").write_text("film")
        assert [file.name[0] for file in out.iterdir()] == ["."]
    assert contents(out) == {"walk.txt": "path", "walk.mp4": "film"}


@pytest.mark.parametrize(("failure", "kind", "message"), FAILURES)
def test_a_failure_leaves_all_older_files(tmp_path, failure, kind, message):
    (tmp_path / "walk.txt").write_text("old")
    with pytest.raises(kind, match=message), replacing_together(tmp_path) as unfinished:
        (unfinished / "walk.txt").write_text("new")
        (unfinished / "walk.mp4").write_text("half")
        raise failure
    assert contents(tmp_path) == {"walk.txt": "old"}


def test_folders_that_cannot_be_made(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match=f"{file}: is a file, not a folder"):
        make_folder(file)
    with pytest.raises(InputError, match=f"{file}/out: cannot be made: Not a directory"):
        make_folder(file / "out")
    with pytest.raises(InputError, match="is a file"), replacing_together(file):
        pytest.fail("there is no folder to write to")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with (
        pytest.raises(InputError, match=f"{folder}: cannot be written: Permission denied"),
        replacing_together(folder),
    ):
        pytest.fail("nothing should be begun that cannot be kept")
