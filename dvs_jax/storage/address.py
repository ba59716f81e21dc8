"""Addresses in object stores: gs://BUCKET/PATH and s3://BUCKET/PATH."""

import os
import re
from pathlib import Path

from dvs_jax.errors import InputError

# One letter before a colon is a drive of Windows.
_LIKE_AN_ADDRESS = re.compile(r"(gs|s3|gcs)(?=:)|[A-Za-z][\w+.-]+(?=:/)")

_ADDRESS = re.compile(r"(gs|s3):/{1,2}([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(/.*)?", re.DOTALL)


def address_of(path: str | os.PathLike[str]) -> str | None:
    """Return the address that a path names, without a slash at its end; None for a local one.

    pathlib writes s3://bucket as s3:/bucket, which is undone here: so whatever takes a `Path` can
    be given an address.

    Raises:
        InputError: it is like an address, and is none.
    """
    text = os.fspath(path)
    if not _LIKE_AN_ADDRESS.match(text):
        return None
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise InputError(
            f"{text}: is no address in an object store; write gs://BUCKET/PATH or s3://BUCKET/PATH"
        )
    kind, bucket, rest = found.groups()
    names = [name for name in (rest or "").split("/") if name]
    return f"{kind}://{'/'.join([bucket, *names])}"


def parent_and_name(address: str) -> tuple[str, str]:
    """Return what comes before an address' last slash, and after it."""
    parent, _, name = address.rpartition("/")
    return parent, name


def below(address: str, path: Path) -> str:
    """Return the address of a relative path below an address."""
    return f"{address}/{path.as_posix()}"
