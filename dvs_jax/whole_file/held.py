"""File locks, which the system releases when the process ends, however it ends."""

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class NoLocksError(Exception):
    """The system, or the drive, does not support file locks."""


def take(file: Path) -> int | None:
    """Lock a file against other processes and threads; it is made if it is missing.

    On network drives that support locks, such as NFS, against other machines too.

    Args:
        file: the lock file; only the holder of the lock may remove it.

    Returns:
        The file descriptor, which holds the lock until it is closed; None if the lock is taken.

    Raises:
        OSError: the file cannot be made.
        NoLocksError: files cannot be locked there.
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
    """Return whether the path is still this file, which an earlier holder may have removed."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except OSError:
        return False
