"""A folder in the place of both object stores, for tests without drivers and servers."""

import uuid
from pathlib import Path

import fsspec
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

from dvs_jax.storage import store


class FolderStore(DirFileSystem):
    """Buckets are folders; what is asked of it is counted, and it may fail."""

    def __init__(self, folder: Path):
        super().__init__(str(folder), LocalFileSystem(auto_mkdir=True))
        self.read: list[tuple[str, int | None]] = []
        self.fails: Exception | None = None

    def find(self, path, **how):
        """Objects have no folders, and so a bucket alone may be missing."""
        self._try(path)
        return super().find(path, **how)

    def cat_file(self, path, start=None, end=None, **how):
        self._try(path)
        self.read.append((path, start))
        return super().cat_file(path, start, end, **how)

    def pipe_file(self, path, value, **how):
        """Objects appear whole, so that nobody reads half of one."""
        self._try(path)
        part, target = Path(self.path, f"{uuid.uuid4().hex}.part"), Path(self.path, path)
        part.write_bytes(value)
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)

    def put(self, lpath, rpath, **how):
        for file, name in zip(lpath, rpath, strict=True):
            self.pipe_file(name, Path(file).read_bytes())

    def _try(self, path):
        if self.fails is not None:
            raise self.fails
        if not self.isdir(path.partition("/")[0]):
            raise FileNotFoundError("The specified bucket does not exist")


def put_in_place(monkeypatch, folder: Path) -> FolderStore:
    """Let all addresses lead into a folder, whose bucket "box" is there and empty."""
    (folder / "box").mkdir(parents=True, exist_ok=True)
    # Each is another object, as those of two processes would be.
    fsspec.implementations.dirfs.DirFileSystem.clear_instance_cache()
    made = FolderStore(folder)
    monkeypatch.setattr(store, "_import_driver", lambda scheme: None)
    monkeypatch.setattr(store, "_filesystem", lambda scheme: made)
    monkeypatch.setattr(store, "_reached", set())
    return made
