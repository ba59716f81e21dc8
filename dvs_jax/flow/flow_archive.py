"""The array `flow` of an .npz archive: its declared size is checked before it is decompressed."""

import io
import math
import zipfile
from typing import IO

import numpy as np
from jaxtyping import Shaped

_MEMBER = "flow.npy"
# What NumPy writes; other compression methods can take gigabytes for a dictionary.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_MEMBERS = 1000
_ENTRY_MARK = b"PK\x01\x02"
_LARGEST_HEADER = 4096
_LARGEST_ITEM = 16


def read(content: bytes, largest: int) -> Shaped[np.ndarray, "..."]:
    """Return the array of real numbers that an archive holds under the name `flow`.

    Args:
        content: of the .npz file.
        largest: how many numbers the array may have.

    Raises:
        ValueError: it has more, or they are no real numbers, or the compression method is another.
        Exception: whatever `zipfile`, `zlib` and NumPy raise on a damaged archive.
    """
    # `zipfile` makes an object of some hundred bytes of each entry before any can be checked.
    if content.count(_ENTRY_MARK) > _MOST_MEMBERS:
        raise ValueError(f"it has more than {_MOST_MEMBERS} members")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        member = archive.getinfo(_MEMBER if _MEMBER in names else "flow")
        if member.compress_type not in _PACKINGS:
            raise ValueError("it is packed in another way than NumPy's")
        with archive.open(member) as file:
            shape, dtype = _header(file)
        if dtype.kind not in "fiu" or dtype.itemsize > _LARGEST_ITEM:
            raise ValueError(f"it holds {_named(dtype)}, no real numbers")
        if math.prod(shape) > largest:
            size = " × ".join(map(str, shape[:4]))
            raise ValueError(f"its array of {size} is too large for the video")
        with archive.open(member) as file:
            return np.lib.format.read_array(file, allow_pickle=False)


def _named(dtype: np.dtype) -> str:
    return "complex numbers" if dtype.kind == "c" else f"values of type {str(dtype)[:60]}"


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and type; the header's declared length, possibly gigabytes, is limited."""
    begin = io.BytesIO(file.read(_LARGEST_HEADER))
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(begin)]
    shape, _, dtype = read_header(begin)
    return shape, dtype
