"""The colour space of a stored picture."""

from dataclasses import dataclass
from pathlib import Path

import av
from av.video.reformatter import Colorspace

from dvs_jax.errors import InputError

COLORSPACES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}
# Primaries and transfer that go with a matrix where the file does not name them.
_COMPANIONS = {1: (1, 1), 4: (4, 4), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 14)}
_UNSAID = (0, 2, 3)


@dataclass(frozen=True)
class Color:
    """The colour space of a stored picture, as code points of ITU-T H.273.

    Attributes:
      matrix: the RGB ↔ YCbCr matrix (1 = BT.709, 5 and 6 = BT.601, 9 = BT.2020).
      primaries: the colours of R, G and B (1 = BT.709).
      transfer: the transfer function from light to values (1 = BT.709, 16 = PQ, 18 = HLG).
    """

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1


def color_of(path: Path, frame: av.VideoFrame) -> Color:
    """Return the colour space of a decoded picture; what it leaves open is guessed as players do.

    Raises:
      InputError: no conversion to RGB is known for its matrix; the message names `path`.
    """
    is_hd = frame.width >= 1280 or frame.height > 576
    matrix = frame.colorspace
    if frame.format.is_rgb:
        matrix = 1
    elif matrix in _UNSAID:
        matrix = 1 if is_hd else 6  # as players guess
    if matrix not in COLORSPACES:
        raise InputError(f"{path}: colours of H.273 matrix {matrix}; convert it to BT.709 first")
    primaries, transfer = _COMPANIONS[matrix]
    return Color(
        matrix,
        primaries if frame.color_primaries in _UNSAID else frame.color_primaries,
        transfer if frame.color_trc in _UNSAID else frame.color_trc,
    )
