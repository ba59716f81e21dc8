"""A lock on what is written to a folder: one writer at a time."""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.whole_file import held, temporary
from dvs_jax.whole_file.replacing import cannot_write, make_folder

_TRIES, _POLL_S = 5, 0.02

_holders: dict[Path, int] = {}
"""The thread that holds each lock of this process."""


@contextlib.contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock on writing something into a folder, as long as the context lasts.

    The lock is reentrant. On drives without file locks there is none.

    Args:
        folder: made, with its parents, if it is missing.
        what: what is written, such as "the flow of a.mp4".

    Raises:
        InputError: the lock is taken by another run or thread, or the folder cannot be written to.
    """
    make_folder(folder)
    temporary.remove_abandoned(folder)
    name = hashlib.sha256(os.fsencode(what)).hexdigest()[:16]
    file = folder.resolve() / f"{temporary.PREFIX}{name}"
    if _holders.get(file) == threading.get_ident():
        yield
        return
    lock = _taken(file, folder, what)
    if lock is None:
        yield
        return
    try:
        with temporary.registered(file):
            _holders[file] = threading.get_ident()
            yield
    finally:
        _holders.pop(file, None)
        os.close(lock)


def _taken(file: Path, folder: Path, what: str) -> int | None:
    """Lock a file; None where files cannot be locked."""
    # A process that checks for abandoned files also holds the lock, for a moment.
    for _ in range(_TRIES):
        try:
            lock = held.take(file)
        except held.NoLocksError:
            file.unlink(missing_ok=True)
            return None
        except OSError as error:
            raise cannot_write(folder, error) from error
        if lock is not None:
            return lock
        time.sleep(_POLL_S)
    raise InputError(
        f"{folder}: another run is writing {what} there; wait for its end, or choose another folder"
    )
