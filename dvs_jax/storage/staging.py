"""Copies on this machine of what lies in object stores, made once, checked, and gone on with."""

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dvs_jax.cache_folder import cache_folder
from dvs_jax.errors import InputError, show_as
from dvs_jax.storage import store
from dvs_jax.storage.address import address_of, below, parent_and_name
from dvs_jax.storage.store import Entry
from dvs_jax.whole_file import held, make_folder
from dvs_jax.whole_file.replacing import cannot_write

FOLDER = "staged"
"""Name of the folder of copies in the cache."""

AT_ONCE = 8
"""Files that are copied at the same time."""

_CHUNK_BYTES = 16 << 20
_POLL_S = 0.2

_log = logging.getLogger("dvs_jax")

Wanted = Callable[[str], bool]
"""Whether a file is wanted, by its name relative to an address."""


def local(
    path: str | os.PathLike[str], wanted: Wanted = lambda name: True, depth: int | None = None
) -> Path:
    """Return a path on this machine: of a copy in the cache, for an address in an object store.

    What is there already, by size and time of writing, is not copied again, and a file that was cut
    off is gone on with. Processes of one machine share the copy. Messages call it by its address.

    Args:
        path: a local path, which is returned as it is; or the address of a file or folder.
        wanted: which of a folder's files are copied.
        depth: how many levels of names are looked at; None: all.

    Raises:
        InputError: there is nothing at the address, it was not written to its end or cannot be
            read, or the cache cannot be written.
    """
    address = address_of(path)
    if address is None:
        return Path(path)
    parent, name = parent_and_name(address)
    home = cache_folder() / FOLDER / hashlib.sha256(parent.encode()).hexdigest()[:16]
    show_as(home, parent)
    found = whole(address, depth)
    copy = home / name
    with _one_at_a_time(home):
        _remove_others(copy, found, depth)
        fetch(address, {each: found[each] for each in found if wanted(each)}, copy)
    return copy


def whole(address: str | os.PathLike[str], depth: int | None = None) -> dict[str, Entry]:
    """Return the listing of what was written to its end.

    Raises:
        InputError: there is nothing, or it was not, or it cannot be read.
    """
    found = store.listing(address, depth)
    if not found:
        raise InputError(f"{address}: there is nothing; look at the address")
    if store.UNFINISHED in found:
        raise InputError(
            f"{address}: is being written, or was not written to its end; wait, or write it again"
        )
    return found


def fetch(address: str, entries: Mapping[str, Entry], copy: Path) -> None:
    """Copy files from a store, several at once, without those that are there already.

    Args:
        address: of the file, whose relative name is "", or of the folder.
        entries: which files, by their names relative to the address.
        copy: the file or folder to make.

    Raises:
        InputError: one cannot be read, or written.
    """
    missing = {name: each for name, each in entries.items() if not _is_there(copy / name, each)}
    if not missing:
        return
    size = sum(each.size for each in missing.values())
    _log.info("%s: copying %d of its files, %.1f MB", address, len(missing), size / 1e6)
    with ThreadPoolExecutor(AT_ONCE, "staging") as pool:
        tasks = [
            pool.submit(_fetch, below(address, Path(name)) if name else address, each, copy / name)
            for name, each in missing.items()
        ]
        try:
            for task in tasks:
                task.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch(address: str, entry: Entry, file: Path) -> None:
    version = hashlib.sha256(f"{entry.version} {entry.size}".encode()).hexdigest()[:16]
    part = file.with_name(f".{version}.part")
    make_folder(file.parent)
    try:
        with part.open("ab") as copied:
            while (begin := copied.tell()) < entry.size:
                end = min(begin + _CHUNK_BYTES, entry.size)
                copied.write(store.read(address, begin, end))
        _require_same(address, entry, part)
        time_ns = _time_ns(entry)
        os.utime(part, ns=(time_ns, time_ns))
        part.replace(file)
    except OSError as error:
        raise cannot_write(file, error) from error


def _require_same(address: str, entry: Entry, part: Path) -> None:
    """Raise InputError, and remove the copy, unless it is of the store's size and digest."""
    with part.open("rb") as copied:
        found = hashlib.file_digest(copied, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    same = part.stat().st_size == entry.size
    if same and (entry.md5 in (None, found) or not store.tells_md5(address)):
        return
    part.unlink()
    raise InputError(
        f"{address}: was changed or damaged while it was copied; give the same command again"
    )


def _is_there(file: Path, entry: Entry) -> bool:
    try:
        status = file.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (entry.size, _time_ns(entry))


def _time_ns(entry: Entry) -> int:
    return round(entry.time_s * 1e3) * 1_000_000


def _remove_others(copy: Path, found: Mapping[str, Entry], depth: int | None) -> None:
    """Remove the copies of what is no longer in the store."""
    if not copy.is_dir():
        return
    files = copy.rglob("*") if depth is None else copy.glob("*")
    for file in [each for each in files if each.is_file() and each.suffix != ".part"]:
        if file.relative_to(copy).as_posix() not in found:
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread of this machine copies to a folder."""
    make_folder(folder)
    try:
        while (lock := held.take(folder / ".lock")) is None:
            time.sleep(_POLL_S)
    except held.NoLocksError:
        yield
        return
    try:
        yield
    finally:
        os.close(lock)
