"""What is made here and belongs into an object store: sent whole, once it is finished."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dvs_jax.errors import shown_as
from dvs_jax.storage import store
from dvs_jax.storage.address import address_of, below, parent_and_name
from dvs_jax.whole_file import scratch


@contextlib.contextmanager
def uploaded(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield where to write what belongs to a path.

    That is the path itself, unless it is an address in an object store: then it is a temporary path
    of the same name, and what is there at the end is sent, unless there is an exception. Messages
    call it by its address.

    Raises:
        InputError: the bucket is not there, or cannot be written.
    """
    address = address_of(path)
    if address is None:
        yield Path(path)
        return
    store.listing(address, depth=1)
    parent, name = parent_and_name(address)
    with scratch() as folder, shown_as(folder, parent):
        yield folder / name
        if (folder / name).exists():
            upload(folder / name, address)


def upload(path: Path, address: str) -> None:
    """Send a file or a folder; a folder is marked in the store until all of it is there.

    Files of other names that lie at the address stay.

    Raises:
        InputError: it cannot be sent.
    """
    if path.is_file():
        store.send({path: address})
        return
    marker = f"{address}/{store.UNFINISHED}"
    store.write(marker, b"")
    store.send({file: below(address, file.relative_to(path)) for file in files_below(path)})
    store.remove([marker])


def files_below(folder: Path) -> list[Path]:
    """Return the files in a folder, at any depth, without hidden ones at its top."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.relative_to(folder).parts[0].startswith(".")
    ]
