"""The sample tables of MP4 and MOV (ISO/IEC 14496-12), checked before FFmpeg expands them."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dvs_jax.errors import InputError

_HOLDING_OTHERS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}
)  # fmt: skip

_NOTED = (b"hdlr", b"stts", b"stsz", b"trun")
_OWN_FIELDS = 0xF00
"""Flags of a run whose table has a row for each sample."""

_MOST_BOXES = 1_000_000
"""The most boxes that are checked; hours of fragments can have more."""


def require_possible_samples(path: Path) -> None:
    """Raise if a table declares more samples than the file has bytes.

    A table of samples of equal size takes a few bytes whatever number it declares, and FFmpeg
    expands it to 70 bytes a sample. Files other than MP4 and MOV pass.

    Raises:
      InputError: it does; the message names the file.
      OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        noted = dict.fromkeys(_NOTED, b"")
        for name, start in itertools.islice(_boxes(file, 0, size), _MOST_BOXES):
            if name not in _NOTED:
                continue
            file.seek(start)
            head = file.read(16)
            if head[4:8] != b"dhlr":  # MOV has a second handler, of the data
                noted[name] = head
            if _claimed_bytes(name, noted) > size:
                raise InputError(
                    f"{path}: a table claims more pictures or sound than the file has bytes; "
                    "it is damaged, fetch it again"
                )


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield each box's name and where its content starts, with the boxes in it after it."""
    open_ends = [end]
    while open_ends:
        if start + 8 > open_ends[-1]:
            start = open_ends.pop()
            continue
        file.seek(start)
        head = file.read(16)
        size, name, content = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16], "big"), start + 16
        if size == 0:  # to the end of the enclosing box
            size = open_ends[-1] - start
        if start + size < content:
            start = open_ends.pop()
            continue
        yield name, content
        start += size
        if name in _HOLDING_OTHERS:
            # Sizes that are too large are clipped, as FFmpeg does.
            open_ends.append(min(start, open_ends[-1]))
            start = content


def _claimed_bytes(name: bytes, noted: dict[bytes, bytes]) -> int:
    """How many bytes samples without individual sizes take: one byte each where none is given."""
    _, *numbers = (int.from_bytes(noted[name][at : at + 4], "big") for at in (0, 4, 8))
    if name == b"stsz" and not _is_plain_sound(noted):
        size, count = numbers
        return size * count
    flags, count = int.from_bytes(noted[name][1:4], "big"), numbers[0]
    return count if name == b"trun" and not flags & _OWN_FIELDS else 0


def _is_plain_sound(noted: dict[bytes, bytes]) -> bool:
    """Whether every sample is one value of uncompressed sound: FFmpeg reads these in chunks."""
    kind, times = noted[b"hdlr"][8:12], noted[b"stts"]
    return kind == b"soun" and times[4:8] == times[12:16] == b"\0\0\0\1"
