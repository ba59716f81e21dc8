"""The checksum that TensorFlow keeps with what it writes."""

import numpy as np
from jaxtyping import UInt32

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF
_MASK_DELTA, _MASK_SHIFT = 0xA282EAD8, 15
_BITS = 32


def masked(data: bytes) -> int:
    """Return a checksum as TensorFlow stores it: turned by 15 bits, and a constant added."""
    crc = crc32c(data)
    turned = (crc >> _MASK_SHIFT) | (crc << (_BITS - _MASK_SHIFT))
    return (turned + _MASK_DELTA) & _ONES


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes.

    They are cut into parts of equal length, all of which advance by a byte at a time; then
    neighbours are joined. Zeros in front change nothing where the register begins at zero.
    """
    if len(data) < 4:
        return _ONES ^ _short(data)
    power = max((len(data).bit_length() - 8), 0)
    parts, length = 1 << power, -(-len(data) >> power)
    padded = np.zeros(parts * length, np.uint8)
    padded[padded.size - len(data) :] = np.frombuffer(data, np.uint8)
    # A register of ones is the same as a register of zeros and the first bytes inverted.
    padded[padded.size - len(data) :][:4] ^= 0xFF
    columns = np.ascontiguousarray(padded.reshape(parts, length).T)
    # The last 32 registers hold one bit each: what becomes of it is how a whole part moves it.
    unit = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    register = np.concatenate([np.zeros(parts, np.uint32), unit])
    for column in columns:
        register[:parts] ^= column
        register = _TABLE[register & 0xFF] ^ (register >> np.uint32(8))
    return _ONES ^ _joined(register[:parts], register[parts:])


def _joined(crc: UInt32[np.ndarray, "part"], moved: UInt32[np.ndarray, "32"]) -> int:
    while len(crc) > 1:
        crc = _move(crc[::2], moved) ^ crc[1::2]
        moved = _move(moved, moved)
    return int(crc[0])


def _move(
    crc: UInt32[np.ndarray, "part"], moved: UInt32[np.ndarray, "32"]
) -> UInt32[np.ndarray, "part"]:
    """Advance registers over zeros, given what becomes of each bit."""
    result = np.zeros_like(crc)
    for bit, image in enumerate(moved):
        result ^= ((crc >> np.uint32(bit)) & np.uint32(1)) * image
    return result


def _short(data: bytes) -> int:
    register = _ONES
    for byte in data:
        register = int(_TABLE[(register ^ byte) & 0xFF]) ^ (register >> 8)
    return register


def _table() -> UInt32[np.ndarray, "256"]:
    register = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        register = (register >> np.uint32(1)) ^ (register & np.uint32(1)) * np.uint32(_POLYNOMIAL)
    return register


_TABLE = _table()
