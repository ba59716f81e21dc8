"""Atomic replacement: files appear complete or not at all."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from dvs_jax.errors import FOLDED, InputError
from dvs_jax.whole_file import temporary

_looked_at: set[Path] = set()


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a temporary path of the same name, which replaces `file` unless there is an exception.

    After an exception the temporary file is removed and an older `file` is unchanged.

    Args:
        file: a file; or a folder, which must not exist at the end of the context.

    Raises:
        InputError: the folder cannot be written to.
    """
    # Only once: a clip has thousands of flow files, and searching the folder for each is slow.
    if file.parent not in _looked_at:
        _looked_at.add(file.parent)
        temporary.remove_abandoned(file.parent)
    try:
        with temporary.unfinished(file.parent) as unfinished:
            yield unfinished / file.name
            (unfinished / file.name).replace(file)
    except OSError as error:
        raise cannot_write(file, error) from error


@contextlib.contextmanager
def replacing_together(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder in `folder`, to which its files move unless there is an exception.

    After an exception they are removed, and older files of the same names are unchanged. What
    killed processes have left there is removed.

    Args:
        folder: made, with its parents, if it is missing.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    make_folder(folder)
    temporary.remove_abandoned(folder)
    try:
        with temporary.unfinished(folder) as unfinished:
            yield unfinished
            _move(unfinished, folder)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _move(unfinished: Path, folder: Path) -> None:
    with temporary.naming():
        for file in unfinished.iterdir():
            if file.name != temporary.LOCK:
                file.replace(folder / file.name)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents if they are missing.

    Raises:
        InputError: a file has its name, it is an address in an object store, or it cannot be made.
    """
    if FOLDED.match(str(folder)):
        raise InputError(f"{folder}: this is not written to object stores; name a local folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder}: is a file, not a folder; name another") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error


def cannot_write(path: Path, error: OSError) -> InputError:
    """Return the error for a failure to write."""
    return InputError(f"{path}: cannot be written: {error.strerror or error}")
