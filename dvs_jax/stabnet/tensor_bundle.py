"""TensorFlow checkpoints, read without TensorFlow: `name.index` and `name.data-00000-of-00001`.

The index is a table in LevelDB's format (its doc/table_format.md), whose values are protocol
buffers (TensorFlow's tensor_bundle.proto) that tell where in the data files each variable lies.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.bounded_file import read_bytes, require_regular
from dvs_jax.errors import InputError, reading
from dvs_jax.stabnet.crc32c import masked

SUFFIX = ".index"

_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER_BYTES, _TRAILER_BYTES = 48, 5
_LONGEST_KEY, _MOST_AXES = 1000, 8
_FLOAT32 = 1
_SLICE = b"\0"  # what the key of a variable's piece begins with


class Entry(NamedTuple):
    """Where a variable lies.

    Attributes:
        kind: TensorFlow's number of its type.
        shape: lengths of its axes.
        shard: which data file.
        offset: first byte in it.
        size: bytes.
        crc: masked CRC-32C of them.
        sliced: whether it lies there in pieces.
    """

    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int
    sliced: bool


@dataclass(frozen=True)
class TensorBundle:
    """A checkpoint's index.

    Attributes:
        index: the file.
        shards: the number of data files.
        entries: its variables by name.
    """

    index: Path
    shards: int
    entries: dict[str, Entry]

    def read(self, name: str) -> Float[np.ndarray, "..."]:
        """Return a variable, float32, in TensorFlow's axes.

        Raises:
            InputError: it is of another type, or the data file is missing, cut short or damaged.
        """
        entry = self.entries[name]
        size = 4 * math.prod(entry.shape)
        if entry.kind != _FLOAT32 or entry.sliced or size != entry.size:
            raise InputError(f"{self.index}: the variable {name} is no whole array of float32")
        file = self._data_file(entry.shard)
        if entry.offset + size > require_regular(file):
            raise InputError(f"{file}: is cut short: it ends within {name}; fetch it again")
        with reading(file, "cannot be read"), file.open("rb") as opened:
            opened.seek(entry.offset)
            data = opened.read(size)
        if masked(data) != entry.crc:
            raise InputError(f"{file}: is damaged: {name} fails its checksum; fetch it again")
        return np.frombuffer(data, "<f4").reshape(entry.shape)

    def _data_file(self, shard: int) -> Path:
        return self.index.with_suffix(f".data-{shard:05d}-of-{self.shards:05d}")


def read_index(index: str | os.PathLike[str]) -> TensorBundle:
    """Read a checkpoint's index.

    Args:
        index: the `.index` file; the data files lie beside it.

    Raises:
        InputError: it cannot be read, is no such file, or is damaged.
    """
    index = Path(index)
    content = read_bytes(index)
    with reading(index, "no TensorFlow checkpoint's index, or a damaged one", "fetch it again"):
        pairs = dict(_table(content))
        header = _fields(pairs.pop(b""))
        shards = int(header.get(1, 1))
        if not 1 <= shards <= 99_999 or header.get(2, 0) != 0:
            raise ValueError("the number of data files is impossible, or it is big-endian")
        whole = {key: value for key, value in pairs.items() if not key.startswith(_SLICE)}
        entries = {key.decode(): _entry(value) for key, value in whole.items()}
        if any(entry.shard >= shards for entry in entries.values()):
            raise ValueError("a variable lies in a data file that there is not")
    return TensorBundle(index, shards, entries)


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a table."""
    if len(content) < _FOOTER_BYTES or content[-len(_MAGIC) :] != _MAGIC:
        raise ValueError("it does not end as such files do")
    footer = content[-_FOOTER_BYTES:]
    _, place = _handle(footer, 0)
    index, _ = _handle(footer, place)
    for _, handle in _block(content, index):
        yield from _block(content, _handle(handle, 0)[0])


def _handle(data: bytes, place: int) -> tuple[tuple[int, int], int]:
    offset, place = _varint(data, place)
    size, place = _varint(data, place)
    return (offset, size), place


def _block(content: bytes, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block; a key repeats the beginning of the one before."""
    offset, size = handle
    data = content[offset : offset + size + 1]
    stored = content[offset + size + 1 : offset + size + _TRAILER_BYTES]
    if len(data) != size + 1 or len(stored) != 4 or size < 4:
        raise ValueError("it is cut short")
    if masked(data) != int.from_bytes(stored, "little"):
        raise ValueError("a checksum is wrong")
    if data[size] != 0:
        raise ValueError("it is compressed; save it with TensorFlow's own settings")
    end = size - 4 * (1 + int.from_bytes(data[size - 4 : size], "little"))
    place, key = 0, b""
    while place < end:
        shared, place = _varint(data, place)
        added, place = _varint(data, place)
        length, place = _varint(data, place)
        if shared > len(key) or shared + added > _LONGEST_KEY or place + added + length > end:
            raise ValueError("its table is damaged")
        key = key[:shared] + data[place : place + added]
        yield key, data[place + added : place + added + length]
        place += added + length


def _entry(data: bytes) -> Entry:
    values = _fields(data)
    return Entry(
        kind=int(values.get(1, 0)),
        shape=_shape(values.get(2, b"")),
        shard=int(values.get(3, 0)),
        offset=int(values.get(4, 0)),
        size=int(values.get(5, 0)),
        crc=int(values.get(6, 0)),
        sliced=7 in values,
    )


def _shape(data: int | bytes) -> tuple[int, ...]:
    sizes = [_fields(axis).get(1, 0) for number, axis in _all_fields(data) if number == 2]
    if len(sizes) > _MOST_AXES:
        raise ValueError("a variable has too many axes")
    return tuple(map(int, sizes))


def _fields(data: int | bytes) -> dict[int, int | bytes]:
    return dict(_all_fields(data))


def _all_fields(data: int | bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield a protocol buffer's fields, numbers or bytes, by their numbers."""
    if isinstance(data, int):
        raise ValueError("a field is of another type")
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        value: int | bytes
        if tag & 7 == 0:
            value, place = _varint(data, place)
        else:
            length, place = _length(data, tag & 7, place)
            value, place = data[place : place + length], place + length
            if place > len(data):
                raise ValueError("a field is cut short")
            value = value if tag & 7 == 2 else int.from_bytes(value, "little")
        yield tag >> 3, value


def _length(data: bytes, wire_type: int, place: int) -> tuple[int, int]:
    if wire_type in (1, 5):
        return (8 if wire_type == 1 else 4), place
    if wire_type != 2:
        raise ValueError("a field is of no known type")
    return _varint(data, place)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and the place after it."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[place]
        value, place = value | (byte & 0x7F) << shift, place + 1
        if byte < 0x80:
            return value, place
    raise ValueError("a number is too long")
