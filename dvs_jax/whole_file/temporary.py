"""What is being made, and must not be left behind: by an error, an interrupt, or a killed process.

It lies in folders named `.unfinished-…`, each with a lock that its process holds. Those that nobody
holds were left by a process that was killed; the next one that writes there removes them.
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
    """Yield the path of a file or folder to be, and see that nothing is left of it.

    It is removed at the end, or by `remove_all` where the process ends before.
    """
    _ours.add(path)
    try:
        yield path
    finally:
        _remove(path)
        _ours.discard(path)


@contextlib.contextmanager
def unfinished(parent: Path) -> Iterator[Path]:
    """Make a folder for what is being made, and remove it at the end.

    Args:
        parent: where it lies: on the drive of what is being made, so that this can be moved.

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
    """Make a folder where the system keeps what is temporary, and remove it at the end."""
    place = Path(tempfile.gettempdir())
    remove_abandoned(place)
    with unfinished(place) as folder:
        yield folder


def _begin(folder: Path) -> int | None:
    """Make a folder and hold its lock, where there are locks.

    Before it is held, `remove_abandoned` in another process may take it for one that nobody holds.
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
    """Remove what processes that are no more have left unfinished in a folder.

    What a living process makes stays, and so does everything where there are no locks to tell.
    """
    for path in folder.glob(f"{PREFIX}*"):
        if path in _ours or path.is_symlink():
            continue
        # It may be another user's, or be gone by now.
        with contextlib.suppress(OSError, held.NoLocksError):
            lock = held.take(path / LOCK if path.is_dir() else path)
            if lock is not None:
                _remove(path)
                os.close(lock)


@contextlib.contextmanager
def naming() -> Iterator[None]:
    """Keep `remove_all`, and so the end of the process, waiting while finished files are named."""
    global _naming_thread
    with _naming:
        _naming_thread = threading.get_ident()
        try:
            yield
        finally:
            _naming_thread = None


def is_naming() -> bool:
    """Return whether this thread is at naming finished files."""
    return _naming_thread == threading.get_ident()


def remove_all() -> None:
    """Remove all that this process has not finished, as the last thing that it does."""
    _naming.acquire(timeout=_LONGEST_NAMING_S)
    for path in list(_ours):
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or folder, to which other threads may still be writing."""
    for _ in range(_REMOVALS):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if not os.path.lexists(path):
            return
