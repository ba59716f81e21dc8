"""The boxes of MP4 and MOV (ISO/IEC 14496-12)."""

import os
from pathlib import Path
from typing import BinaryIO

_LARGEST_BOX = 1 << 22
"""Bytes of a box that is read; those for settings have some thousand."""

_MOST_BOXES = 10_000
"""Boxes on one level; recordings have a handful."""


def is_mp4(path: Path) -> bool:
    """Return whether a file begins as MP4 or MOV does."""
    with path.open("rb") as file:
        return file.read(8)[4:] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def find_box(path: Path, *names: bytes) -> bytes:
    """Return what the first box of a name holds, in the first of the name before, and so on.

    Args:
        path: an MP4 or MOV file.
        names: from the outermost box to the one wanted.

    Returns:
        Its content; empty where there is no such box, or it is larger than 4 MB.
    """
    with path.open("rb") as file:
        start, end = 0, file.seek(0, os.SEEK_END)
        for name in names:
            start, end = _find(file, name, start, end)
        file.seek(start)
        return file.read(end - start) if end - start <= _LARGEST_BOX else b""


def _find(file: BinaryIO, wanted: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where a box's content begins and ends, or an empty place."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            break
        file.seek(start)
        head = file.read(16)
        size, content = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16], "big"), start + 16
        if size == 0:  # up to the end of what holds it
            size = end - start
        if start + size < content:
            break
        if head[4:8] == wanted:
            return content, min(start + size, end)
        start += size
    return end, end
