"""Files that are either whole or not there."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvs_jax.errors import InputError


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a temporary path beside `file`, which takes its name when all has gone well.

    After an exception the temporary is removed and an older `file` is as it was.

    Raises:
        InputError: the folder cannot be written to.
    """
    part = file.with_name(f".{file.stem}.{uuid.uuid4().hex}{file.suffix}")
    try:
        yield part
        part.replace(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents if they are not there.

    Raises:
        InputError: something else has its name, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error
