"""What is written to an address is sent whole, or not at all."""

import subprocess
import sys

import pytest

from dvs_jax import storage
from dvs_jax.errors import InputError
from dvs_jax.storage import store, uploading


def test_a_local_path_is_written_itself(tmp_path):
    with storage.uploaded(tmp_path / "x") as place:
        assert place == tmp_path / "x"


def test_a_folder_and_a_file_are_sent(box):
    with storage.uploaded("gs://box/out") as folder:
        (folder / "deep").mkdir(parents=True)
        (folder / "deep/a").write_text("a")
        (folder / "b").write_text("b")
    with storage.uploaded("gs://box/out/video.mp4") as file:
        file.write_text("c")
    found = {p.relative_to(box).as_posix(): p.read_text() for p in box.rglob("*") if p.is_file()}
    assert found == {"out/deep/a": "a", "out/b": "b", "out/video.mp4": "c"}
    assert not folder.exists()


def test_after_an_error_nothing_is_sent_and_the_message_names_the_address(box):
    with (
        pytest.raises(InputError, match=r"^s3://box/out/a: is odd$"),
        storage.uploaded("s3://box/out") as folder,
    ):
        folder.mkdir()
        (folder / "a").touch()
        raise InputError(f"{folder / 'a'}: is odd")
    assert not any(box.iterdir())


def test_a_bucket_that_is_not_there_is_told_before_the_work(stored):
    with pytest.raises(InputError, match=r"^s3://bax/out: there is no bucket s3://bax"):
        storage.uploaded("s3://bax/out").__enter__()


def test_a_folder_that_was_cut_off_is_marked(box, stored, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights").touch()

    def fail(files):
        raise InputError("the line is dead")

    monkeypatch.setattr(store, "send", fail)
    with pytest.raises(InputError, match="dead"):
        uploading.upload(tmp_path / "model", "s3://box/model")
    monkeypatch.undo()
    assert (box / "model" / store.UNFINISHED).exists()


def test_local_paths_import_no_driver():
    code = (
        "import sys; from dvs_jax import storage; storage.local('x'); "
        "storage.uploaded('x').__enter__(); "
        "sys.exit(any(name in sys.modules for name in ('fsspec', 'etils', 'gcsfs', 's3fs')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
