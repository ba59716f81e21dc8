"""One writer at a time."""

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
    """Keep others from writing something into a folder, as long as the context lasts.

    A thread may enter it within itself. Where the drive has no locks, nobody is kept.

    Args:
        folder: made, with its parents, if it is not there.
        what: is written: "the flow of a.mp4".

    Raises:
        InputError: somebody else is writing the same there; or the folder cannot be written to.
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
    """Hold a file, or return None where there are no locks."""
    # Whoever looks whether it was left behind holds it too, but for a moment.
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
