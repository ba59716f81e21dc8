"""What lies in object stores, through fsspec, with errors in one line.

fsspec's drivers, gcsfs and s3fs, are imported here alone, and only for an address.
"""

import base64
import contextlib
import importlib
import logging
import os
import queue
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from dvs_jax.errors import InputError, reason
from dvs_jax.storage.address import address_of

PATIENCE_S = 15.0
"""How long a store may take for its first answer."""

UNFINISHED = ".unfinished"
"""Name of the object that lies in a folder as long as not all of it is written."""

_T = TypeVar("_T")


class _Kind(NamedTuple):
    """What a kind of store needs: driver, extra of this package, credentials, settings."""

    driver: str
    extra: str
    advice: str
    settings: dict[str, Any]


_KINDS = {
    "gs": _Kind(
        "gcsfs",
        "gcs",
        "log in by `gcloud auth application-default login`, or name a key's file in "
        "GOOGLE_APPLICATION_CREDENTIALS",
        {},
    ),
    "s3": _Kind(
        "s3fs",
        "s3",
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        {
            "config_kwargs": {
                "connect_timeout": 5,
                "read_timeout": 60,
                "retries": {"max_attempts": 3},
            }
        },
    ),
}

_REFUSED = re.compile(
    r"credential|anonymous|forbidden|unauthori[sz]ed|access ?denied|permission|signature"
    r"|InvalidAccessKeyId|\b40[13]\b",
    re.IGNORECASE,
)


class Entry(NamedTuple):
    """An object in a store.

    Attributes:
        size: bytes.
        version: changes with the content.
        time_s: when it was written, in seconds of the store's clock since 1970.
        md5: of the content, in hexadecimal, where the store tells it.
    """

    size: int
    version: str
    time_s: float
    md5: str | None


def listing(path: str | os.PathLike[str], depth: int | None = None) -> dict[str, Entry]:
    """Return the objects at and below an address, by their names relative to it.

    Args:
        path: the address of a folder or of an object, whose relative name is "".
        depth: how many levels of names; None: all.

    Raises:
        InputError: the bucket is not there, or cannot be read.
    """
    address = address_of(path)
    assert address is not None
    files, bare = filesystem(address), _bare(address)
    with telling(address):
        found = files.find(bare, maxdepth=depth, detail=True)
    return {
        name[len(bare) :].lstrip("/"): _entry(info)
        for name, info in found.items()
        if info["type"] == "file" and not name.endswith("/")
    }


def matching(pattern: str) -> dict[str, bool]:
    """Return the addresses that a pattern as the shell's matches, and whether each is a folder.

    Raises:
        InputError: as `listing`.
    """
    files, kind = filesystem(pattern), pattern.partition("://")[0]
    with telling(pattern):
        found = files.glob(_bare(pattern), detail=True)
    return {f"{kind}://{name}": found[name]["type"] == "directory" for name in sorted(found)}


def read(address: str, start: int = 0, end: int | None = None) -> bytes:
    """Return an object's bytes, or some of them.

    Raises:
        InputError: it cannot be read.
    """
    with telling(address):
        return filesystem(address).cat_file(_bare(address), start=start, end=end)


def write(address: str, content: bytes) -> None:
    """Write an object, which appears whole.

    Raises:
        InputError: it cannot be written.
    """
    with telling(address, "written"):
        filesystem(address).pipe_file(_bare(address), content)


def send(files: Mapping[Path, str]) -> None:
    """Send files to addresses, several at once; each appears whole.

    Raises:
        InputError: one cannot be sent.
    """
    if not files:
        return
    first = next(iter(files.values()))
    with telling(first, "written"):
        names = [_bare(address) for address in files.values()]
        filesystem(first).put([str(path) for path in files], names)


def remove(addresses: Iterable[str]) -> None:
    """Remove objects; those that are not there are passed over.

    Raises:
        InputError: one cannot be removed.
    """
    for address in addresses:
        with telling(address, "removed"), contextlib.suppress(FileNotFoundError):
            filesystem(address).rm_file(_bare(address))


def filesystem(address: str) -> Any:
    """Return fsspec's file system of an address' store, once its bucket has answered.

    Raises:
        InputError: the driver is not installed, or the bucket is not there or cannot be read.
    """
    scheme, bucket = address.partition("://")[0], _bucket(address)
    with telling(address):
        _import_driver(scheme)
        if bucket not in _reached:
            # Where only some levels are wanted, drivers find nothing in a bucket that is not there.
            try:
                _soon(lambda: _filesystem(scheme).find(f"{_bare(bucket)}/.nothing"), address)
            except FileNotFoundError:
                message = f"{address}: there is no bucket {bucket}; look at the address"
                raise InputError(message) from None
            _reached.add(bucket)
        return _filesystem(scheme)


def _import_driver(scheme: str) -> None:
    # What asks for the kind of a bucket at each call, and warns where it may not.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    importlib.import_module(_KINDS[scheme].driver)
    # It would print the tracebacks of errors that are told in one line here.
    logging.getLogger(_KINDS[scheme].driver).setLevel(logging.CRITICAL)


@lru_cache
def _filesystem(scheme: str) -> Any:
    import fsspec

    # Listings that are kept would hide what others write.
    return fsspec.filesystem(scheme, use_listings_cache=False, **_KINDS[scheme].settings)


@contextlib.contextmanager
def telling(address: str, done: str = "read") -> Iterator[None]:
    """Turn whatever a driver raises into an InputError that names the address.

    Args:
        address: of what is read or written.
        done: what cannot be done with it.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{address}: {_complaint(address, error, done)}") from error


def _complaint(address: str, error: Exception, done: str) -> str:
    kind = _KINDS[address.partition("://")[0]]
    said = " ".join(f"{type(each).__name__}: {each}" for each in _chain(error))
    if isinstance(error, ImportError):
        return f"needs {kind.driver}, which is not installed: pip install 'dvs-jax[{kind.extra}]'"
    if isinstance(error, FileNotFoundError):
        return "there is nothing; look at the address"
    if isinstance(error, PermissionError) or _REFUSED.search(said):
        return f"cannot be {done} with these credentials, or none ({reason(error)}); {kind.advice}"
    return f"cannot be {done} ({reason(error)}); the store must be within reach"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _bucket(address: str) -> str:
    return "/".join(address.split("/")[:3])


def _bare(address: str) -> str:
    return address.partition("://")[2]


_reached: set[str] = set()
"""Buckets that have answered."""


def _soon(call: Callable[[], _T], address: str) -> _T:
    """Return what a call returns within `PATIENCE_S`, for drivers try again for minutes."""
    answers: queue.SimpleQueue[tuple[_T | None, Exception | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((call(), None))
        except Exception as error:
            answers.put((None, error))

    threading.Thread(target=ask, name="storage", daemon=True).start()
    try:
        value, error = answers.get(timeout=PATIENCE_S)
    except queue.Empty:
        raise InputError(
            f"{address}: no answer for {PATIENCE_S:g} s; the store must be within reach"
        ) from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def _entry(info: dict[str, Any]) -> Entry:
    written = info.get("LastModified") or info.get("mtime") or info.get("created")
    tag = str(info.get("ETag") or info.get("etag") or written).strip('"')
    # S3's tag is the digest of what was sent at once and is not encrypted by a key of one's own.
    md5 = tag if re.fullmatch(r"[0-9a-f]{32}", tag) else None
    if "md5Hash" in info:
        md5 = base64.b64decode(info["md5Hash"]).hex()
    return Entry(int(info["size"]), tag, _time_s(written), md5)


def _time_s(written: Any) -> float:
    if isinstance(written, str):
        written = datetime.fromisoformat(written)
    return written.timestamp() if isinstance(written, datetime) else float(written or 0.0)


def tells_md5(address: str) -> bool:
    """Return whether an object's `Entry.md5` is one: S3's is not where a key of one's own is used.

    Raises:
        InputError: it cannot be read.
    """
    scheme, _, bare = address.partition("://")
    if scheme != "s3":
        return True
    bucket, _, key = bare.partition("/")
    with telling(address):
        head = filesystem(address).call_s3("head_object", Bucket=bucket, Key=key)
    return head.get("ServerSideEncryption", "AES256") == "AES256"
