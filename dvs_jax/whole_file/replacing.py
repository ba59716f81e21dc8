"""Files that are either whole or not there."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.whole_file import temporary

_looked_at: set[Path] = set()


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a temporary path, of the same name, which replaces `file` when all has gone well.

    After an exception the temporary is removed and an older `file` is as it was.

    Args:
        file: or a folder, which must not be there any more at the end.

    Raises:
        InputError: the folder cannot be written to.
    """
    # Once: a clip has thousands of flow files, among which to look for each would take long.
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
    """Yield a temporary folder in `folder`, whose files move there when all has gone well.

    After an exception none of them is left, and older files of their names are as they were. What
    earlier processes that were killed have left there is removed.

    Args:
        folder: made, with its parents, if it is not there.

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
    """Make a folder and its parents if they are not there.

    Raises:
        InputError: something else has its name, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder}: is a file, not a folder; name another") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error


def cannot_write(path: Path, error: OSError) -> InputError:
    """Return what to tell of a failure to write."""
    return InputError(f"{path}: cannot be written: {error.strerror or error}")
