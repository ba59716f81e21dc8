"""Fetches the videos of a data set from the addresses that its table of videos names."""

import contextlib
import csv
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple

from dvs_jax.errors import InputError, reading, reason
from dvs_jax.progress import Track, silently
from dvs_jax.whole_file import make_folder

TABLE = "videoMeta.csv"
"""Beside the data of Wu and others: VideoNo, Content, DropboxLink."""

PART = ".part"
"""Behind the name of a file that is not whole yet; the next call goes on with it."""

_TIMEOUT_S = 30.0

_CHUNK = 1 << 20


class Address(NamedTuple):
    """Where a video lies.

    Attributes:
        name: for its file, without an extension.
        url: its address.
    """

    name: str
    url: str


class Outcome(NamedTuple):
    """What became of a video.

    Attributes:
        name: of the video.
        state: "fetched", "there already", or "failed".
        reason: why it failed.
    """

    name: str
    state: str
    reason: str = ""


def addresses(folder: Path) -> list[Address]:
    """Return the addresses in the tables at and below a folder; each of them once.

    Raises:
        InputError: there is no table, it cannot be read, or has no addresses.
    """
    tables = sorted(folder.rglob(TABLE)) if folder.is_dir() else []
    if not tables:
        raise InputError(
            f"{folder}: holds no {TABLE}, which names the videos' addresses; unpack the data set "
            "(Formated_Data) there first"
        )
    found: dict[str, Address] = {}
    # Two videos of the second experiment share an address.
    for table in tables:
        for each in _read(table):
            found.setdefault(each.url, each)
    return list(found.values())


def fetch(wanted: Iterable[Address], out: Path, track: Track = silently) -> Iterator[Outcome]:
    """Fetch videos one by one; after one that fails the next follows.

    A part that an earlier call has left is gone on with, and a file counts as whole when it has the
    size that the server tells.

    Args:
        wanted: which.
        out: folder, made if it is missing.
        track: shows the progress in pieces of 1 MiB.

    Raises:
        InputError: the folder cannot be written to.
    """
    make_folder(out)
    for address in wanted:
        there = [each for each in out.glob(f"{address.name}.*") if each.suffix != PART]
        if there:
            yield Outcome(address.name, "there already")
            continue
        try:
            _fetch(address, out, track)
        except (urllib.error.URLError, HTTPException, _UnusableError, TimeoutError) as error:
            yield Outcome(address.name, "failed", _told(error))
        except ConnectionError as error:
            yield Outcome(address.name, "failed", reason(error))
        except OSError as error:
            raise InputError(f"{out}: cannot be written: {error.strerror or error}") from error
        else:
            yield Outcome(address.name, "fetched")


class _UnusableError(Exception):
    """What the server sends is not the file."""


def _read(table: Path) -> Iterator[Address]:
    with reading(table, "is no table of videos"):
        text = table.read_text(encoding="utf-8-sig", errors="replace")
        rows = list(csv.DictReader(text.splitlines()))
    name = next((each for each in (rows[0] if rows else {}) if each and "link" in each.lower()), "")
    if not name:
        raise InputError(f"{table}: has no column DropboxLink; give the data set's own table")
    for number, row in enumerate(rows, 1):
        url = (row.get(name) or "").strip()
        if not url:
            continue
        kind = re.sub(r"\W+", "", table.parent.name)
        yield Address(f"{kind}_{number}" if kind else f"video_{number}", _direct(url))


def _direct(url: str) -> str:
    """Return where Dropbox sends the file itself, not a page about it."""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    if "dl" in query or parts.netloc.endswith("dropbox.com"):
        query["dl"] = "1"
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))


def _fetch(address: Address, out: Path, track: Track) -> None:
    part = out / f"{address.name}{PART}"
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address.url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _answer(request, part) as answer:
        if answer is not None:
            _receive(answer, part, have, address.name, track)
            kind = answer.headers.get_content_type()
        else:
            kind = "video/mp4"
    ends = {"video/webm": ".webm", "video/x-matroska": ".mkv", "video/quicktime": ".mov"}
    part.replace(out / f"{address.name}{ends.get(kind, '.mp4')}")


@contextlib.contextmanager
def _answer(request: urllib.request.Request, part: Path) -> Iterator[HTTPResponse | None]:
    """Yield the server's answer; None where the part is the whole file already."""
    try:
        opened = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        total = (error.headers.get("Content-Range") or "").rpartition("/")[2]
        if error.code == 416 and total == str(part.stat().st_size):
            yield None
            return
        if error.code == 416:
            part.unlink()
            raise _UnusableError(
                "what was fetched before is not of this file; call again"
            ) from error
        raise
    with opened as answer:
        yield answer


def _receive(answer: HTTPResponse, part: Path, have: int, name: str, track: Track) -> None:
    kind = answer.headers.get_content_type()
    if kind.startswith("text/"):
        raise _UnusableError(f"the server sends a page ({kind}), not a video")
    # A server that does not go on sends all of it anew.
    goes_on = answer.status == 206
    length = int(answer.headers.get("Content-Length") or 0)
    total = length + (have if goes_on else 0)
    pieces = iter(lambda: answer.read(_CHUNK), b"")
    with part.open("ab" if goes_on else "wb") as file:
        for piece in track(pieces, -(-length // _CHUNK), name):
            file.write(piece)
    size = part.stat().st_size
    if length and size != total:
        raise _UnusableError(f"{size} of {total} bytes came; call again to go on")


def _told(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, urllib.error.URLError):
        cause = error.reason
        return reason(cause) if isinstance(cause, BaseException) else str(cause)
    return str(error) or type(error).__name__
