"""A writer of TensorFlow checkpoints, as small as its reader."""

import struct
from pathlib import Path

import numpy as np

from dvs_jax.stabnet.crc32c import masked

FLOAT32 = 1


def write(index: Path, variables: dict[str, np.ndarray], **changed: int) -> Path:
    """Write variables as TensorFlow does, one to a block's restart.

    Args:
        index: the `.index` file; the data lie beside it.
        variables: float32 arrays by name.
        changed: numbers to tell of all variables in the place of the right ones.
    """
    data, pairs = bytearray(), [(b"", field(1, 1))]
    for name, array in sorted(variables.items()):
        stored = array.astype("<f4").tobytes()
        told = {"kind": FLOAT32, "shard": 0, "offset": len(data), "size": len(stored)}
        told |= {"crc": masked(stored)} | changed
        pairs.append((name.encode(), entry(array.shape, **told)))
        data += stored
    index.write_bytes(table(pairs))
    index.with_suffix(".data-00000-of-00001").write_bytes(data)
    return index


def entry(shape: tuple[int, ...], kind: int, shard: int, offset: int, size: int, crc: int) -> bytes:
    axes = b"".join(nested(2, field(1, side)) for side in shape)
    numbers = field(1, kind) + nested(2, axes) + field(3, shard) + field(4, offset) + field(5, size)
    return numbers + varint(6 << 3 | 5) + struct.pack("<I", crc)


def table(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """A table of one block of data."""
    return sealed(block(pairs)[:-5])


def sealed(content: bytes) -> bytes:
    """A table whose only block of data has this content, which gets its right checksum."""
    data, meta = checked(content), block([])
    index = block([(b"\xff", handle(0, len(content)))])
    footer = handle(len(data), len(meta) - 5) + handle(len(data) + len(meta), len(index) - 5)
    return data + meta + index + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def block(pairs: list[tuple[bytes, bytes]], compression: int = 0) -> bytes:
    content, before = b"", b""
    for key, value in pairs:
        shared = 0
        while shared < min(len(before), len(key)) and before[shared] == key[shared]:
            shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content, before = content + key[shared:] + value, key
    return checked(content + struct.pack("<II", 0, 1), compression)


def checked(content: bytes, compression: int = 0) -> bytes:
    content += bytes([compression])
    return content + struct.pack("<I", masked(content))


def handle(offset: int, size: int) -> bytes:
    return varint(offset) + varint(size)


def field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def nested(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    found = b""
    while value >= 0x80:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])
