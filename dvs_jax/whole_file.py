"""Files that are either whole or not there."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from dvs_jax.errors import InputError


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a temporary path beside `file`, which takes its name when all has gone well.

    After an exception the temporary is removed and an older `file` is as it was.

    Raises:
        InputError: the folder cannot be written to.
    """
    # Short, lest a long name that is still allowed become one that is not.
    part = file.with_name(f".{file.stem[:40]}.{uuid.uuid4().hex}{file.suffix}")
    try:
        yield part
        part.replace(file)
    except OSError as error:
        raise _cannot_write(file, error) from error
    finally:
        # Where the folder is at fault this fails too; the first failure is the one to report.
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_together(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder in `folder`, whose files move there when all has gone well.

    After an exception none of them is left, and older files of their names are as they were.

    Args:
        folder: made, with its parents, if it is not there.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    make_folder(folder)
    try:
        with TemporaryDirectory(
            dir=folder, prefix=".unfinished-", ignore_cleanup_errors=True
        ) as unfinished:
            yield Path(unfinished)
            for file in Path(unfinished).iterdir():
                file.replace(folder / file.name)
    except OSError as error:
        raise _cannot_write(folder, error) from error


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


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written: {error.strerror or error}")
