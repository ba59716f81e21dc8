"""A file that one process holds; the system lets go of it when that ends, however it ends."""

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class NoLocksError(Exception):
    """The system, or the drive, has no locks."""


def take(file: Path) -> int | None:
    """Make a file if it is not there, and hold it against all others, other threads too.

    On network drives that have locks, as NFS does, it is held against other machines too.

    Args:
        file: what is held; only its holder may remove it.

    Returns:
        The descriptor, which holds the file until it is closed; None where somebody else does.

    Raises:
        OSError: the file cannot be made.
        NoLocksError: nothing can be held there.
    """
    if fcntl is None:
        raise NoLocksError
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        held = kept = False
        try:
            held = _lock(descriptor)
            kept = held and _is_at(file, descriptor)
        finally:
            if not kept:
                os.close(descriptor)
        if kept:
            return descriptor
        if not held:
            return None


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise NoLocksError from error
    return True


def _is_at(file: Path, descriptor: int) -> bool:
    """Return whether the file is still there, for whoever held it before may have removed it."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except OSError:
        return False
