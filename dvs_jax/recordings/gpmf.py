"""GPMF, GoPro's telemetry: nested records of key, type, size and count, in big-endian order.

After the published description, github.com/gopro/gpmf-parser (README).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_DEEPEST = 8
"""Cameras nest three deep: device, stream, value."""

_HEADER_BYTES = 8

_TYPES = {
    "b": "i1",
    "B": "u1",
    "s": ">i2",
    "S": ">u2",
    "l": ">i4",
    "L": ">u4",
    "j": ">i8",
    "J": ">u8",
    "f": ">f4",
    "d": ">f8",
}


@dataclass(frozen=True)
class Entry:
    """One record.

    Attributes:
        key: four letters that name it.
        kind: the letter of its values' type; NUL where it holds records.
        size: bytes of one sample, which may have several values.
        count: how many samples it holds.
        body: the samples, or records.
    """

    key: str
    kind: str
    size: int
    count: int
    body: memoryview

    def text(self) -> str:
        """Return what a record of letters says."""
        return bytes(self.body).split(b"\0")[0].decode("latin-1").strip()

    def values(self) -> np.ndarray | None:
        """Return float64 [sample, value], or None where these are no plain numbers."""
        dtype = np.dtype(_TYPES[self.kind]) if self.kind in _TYPES else None
        if dtype is None or self.size == 0 or self.size % dtype.itemsize:
            return None
        numbers = np.frombuffer(self.body, dtype).astype(float)
        return numbers.reshape(self.count, self.size // dtype.itemsize)


def entries(data: memoryview) -> Iterator[Entry]:
    """Yield the records that lie one after another; they end where one cannot be whole."""
    place = 0
    while place + _HEADER_BYTES <= len(data):
        key, kind, size = bytes(data[place : place + 4]), data[place + 4], data[place + 5]
        count = int.from_bytes(data[place + 6 : place + 8], "big")
        place += _HEADER_BYTES
        body = data[place : place + size * count]
        # NULs fill a box up to its size.
        if key == b"\0\0\0\0" or len(body) < size * count:
            return
        yield Entry(key.decode("latin-1"), chr(kind), size, count, body)
        place += -(-size * count // 4) * 4


def streams(data: bytes) -> Iterator[dict[str, Entry]]:
    """Yield the records of each device and of each stream in it, by key; the last of a key counts.

    Args:
        data: a packet, or what a box of MP4 holds.
    """
    yield from _streams(memoryview(data), 0)


def _streams(data: memoryview, depth: int) -> Iterator[dict[str, Entry]]:
    if depth > _DEEPEST:
        return
    plain = {}
    for entry in entries(data):
        if entry.kind == "\0":
            yield from _streams(entry.body, depth + 1)
        else:
            plain[entry.key] = entry
    if plain:
        yield plain
