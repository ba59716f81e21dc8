"""FlatBuffers, read without a library: every offset and length is compared with the file.

Numbers are little-endian. A table begins with the signed distance back to its vtable, which tells
for each slot of the schema how far into the table the field lies, 0 if it is left out. What a field
refers to lies ahead of the field, by the distance that stands in it (FlatBuffers, "Internals").
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

MOST_TABLES = 100_000
"""In one vector: a few bytes may stand for a table, and all of them for the same."""


class Table(NamedTuple):
    """A table of a buffer. Its methods raise ValueError on what does not lie within the buffer.

    Attributes:
        data: the whole buffer.
        place: the table's first byte in it.
    """

    data: bytes
    place: int

    def number(self, slot: int, kind: str, default: int = 0) -> int:
        """Return an integer field, or its default if it is left out.

        Args:
            slot: the field's number in the schema.
            kind: `struct`'s letter for its type.
            default: the schema's.
        """
        place = self._field(slot)
        return default if place is None else _number(self.data, place, kind)

    def table(self, slot: int) -> "Table | None":
        """Return the table that a field refers to, None if it is left out."""
        place = self._referred(slot)
        return None if place is None else Table(self.data, place)

    def tables(self, slot: int) -> Iterator["Table"]:
        """Yield the tables of a vector, none if it is left out."""
        count = len(self.vector(slot, "<u4"))
        if count > MOST_TABLES:
            raise ValueError(f"a list has {count} entries, and may have {MOST_TABLES}")
        begin = self._referred(slot)
        for index in range(count):
            entry = begin + 4 + 4 * index  # type: ignore[operator]  # there is none in an empty one
            yield Table(self.data, _ahead(self.data, entry))

    def vector(self, slot: int, dtype: str) -> Shaped[np.ndarray, " element"]:
        """Return a vector of numbers, not copied; an empty one if it is left out."""
        place = self._referred(slot)
        if place is None:
            return np.empty(0, dtype)
        count = _number(self.data, place, "I")
        if count * np.dtype(dtype).itemsize > len(self.data) - place - 4:
            raise ValueError("it is cut short, or a length in it is wrong")
        return np.frombuffer(self.data, dtype, count, place + 4)

    def text(self, slot: int) -> str:
        """Return a string, with "�" for what is no UTF-8; "" if it is left out."""
        return self.vector(slot, "u1").tobytes().decode(errors="replace")

    def _referred(self, slot: int) -> int | None:
        place = self._field(slot)
        return None if place is None else _ahead(self.data, place)

    def _field(self, slot: int) -> int | None:
        vtable = self.place - _number(self.data, self.place, "i")
        entry = 4 + 2 * slot
        if entry + 2 > _number(self.data, vtable, "H"):
            return None
        distance = _number(self.data, vtable + entry, "H")
        return self.place + distance if distance else None


def root(data: bytes, identifier: bytes) -> Table:
    """Return a buffer's outermost table.

    Args:
        data: the whole buffer.
        identifier: the four letters that its format puts at byte 4.

    Raises:
        ValueError: it has another identifier, or ends before.
    """
    if data[4:8] != identifier:
        raise ValueError(f"it does not say {identifier.decode()} at its start")
    return Table(data, _ahead(data, 0))


def _ahead(data: bytes, place: int) -> int:
    return place + _number(data, place, "I")


def _number(data: bytes, place: int, kind: str) -> int:
    if not 0 <= place <= len(data) - struct.calcsize(f"<{kind}"):
        raise ValueError("it is cut short, or an offset in it is wrong")
    return struct.unpack_from(f"<{kind}", data, place)[0]
