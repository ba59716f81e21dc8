"""Temporary files and folders, removed after an error, an interrupt, or a killed process.

They lie in folders named `.unfinished-…`, each with a lock that its process holds. A folder whose
lock is free was left by a killed process; the next process that writes there removes it.
"""

import contextlib
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from dvs_jax.whole_file import held

PREFIX = ".unfinished-"
LOCK = ".lock"

_POLL_S = 0.01
_LONGEST_NAMING_S = 1.0
_REMOVALS = 20

_ours: set[Path] = set()
_naming = threading.Lock()
_naming_thread: int | None = None


@contextlib.contextmanager
def registered(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file or folder, which is removed at the end.

    If the process ends before, `remove_all` removes it.
    """
    _ours.add(path)
    try:
        yield path
    finally:
        _remove(path)
        _ours.discard(path)


@contextlib.contextmanager
def unfinished(parent: Path) -> Iterator[Path]:
    """Make a temporary folder beside the output, and remove it at the end.

    Args:
        parent: the output's folder, so that files can be renamed into place on one drive.

    Raises:
        OSError: it cannot be made.
    """
    with registered(parent / f"{PREFIX}{uuid.uuid4().hex}") as folder:
        lock = _begin(folder)
        try:
            yield folder
        finally:
            if lock is not None:
                os.close(lock)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder in the system's temporary folder, and remove it at the end."""
    place = Path(tempfile.gettempdir())
    remove_abandoned(place)
    with unfinished(place) as folder:
        yield folder


def _begin(folder: Path) -> int | None:
    """Make a folder and take its lock, where there are locks.

    Before the lock is taken, another process' `remove_abandoned` may remove the folder.
    """
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            lock = held.take(folder / LOCK)
        except FileNotFoundError:
            continue
        except held.NoLocksError:
            return None
        if lock is not None:
            return lock
        time.sleep(_POLL_S)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary folders that killed processes have left in a folder.

    Those of running processes stay; without file locks all stay.
    """
    for path in folder.glob(f"{PREFIX}*"):
        if path in _ours or path.is_symlink():
            continue
        # It may belong to another user, or be removed by now.
        with contextlib.suppress(OSError, held.NoLocksError):
            lock = held.take(path / LOCK if path.is_dir() else path)
            if lock is not None:
                _remove(path)
                os.close(lock)


@contextlib.contextmanager
def naming() -> Iterator[None]:
    """Make `remove_all`, and so the end of the process, wait while finished files are renamed."""
    global _naming_thread
    with _naming:
        _naming_thread = threading.get_ident()
        try:
            yield
        finally:
            _naming_thread = None


def is_naming() -> bool:
    """Return whether this thread is renaming finished files."""
    return _naming_thread == threading.get_ident()


def remove_all() -> None:
    """Remove all temporary files of this process, as its last action."""
    _naming.acquire(timeout=_LONGEST_NAMING_S)
    for path in list(_ours):
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or folder, also while other threads are still writing to it."""
    for _ in range(_REMOVALS):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if not os.path.lexists(path):
            return
