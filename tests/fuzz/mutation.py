"""Files that were valid once."""

import re
import struct

from hypothesis import strategies as st


class Mutated(bytes):
    """Shown by its length: Hypothesis prints what failed."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


_TELLING = (0, 1, 2, 0x7F, 0x80, 0xFF)
_WIDE = (0, 1, 2, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


@st.composite
def mutations(draw: st.DrawFn, original: bytes, most: int = 6) -> Mutated:
    """Return a file with a few of its bytes changed, left out, repeated or cut off."""
    data = bytearray(original)
    places = _places(original)
    for _ in range(draw(st.integers(1, most))):
        _edit(draw, data, draw(places) % max(len(data), 1))
    return Mutated(data)


def _places(original: bytes) -> st.SearchStrategy[int]:
    # Headers are short, and what follows the names in them decides most.
    names = [found.start() for found in re.finditer(rb"[A-Za-z][A-Za-z0-9_ ]{3}", original)]
    anywhere = st.integers(0, len(original) - 1)
    at_start = st.integers(0, min(len(original), 600) - 1)
    if not names:
        return anywhere | at_start
    after_name = st.builds(int.__add__, st.sampled_from(names), st.integers(-4, 32))
    return anywhere | at_start | after_name.map(abs)


def _edit(draw: st.DrawFn, data: bytearray, place: int) -> None:
    length = draw(st.integers(1, 64))
    match draw(st.sampled_from(["bit", "byte", "word", "word", "remove", "repeat", "cut"])):
        case "bit" if data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        case "byte" if data:
            data[place] = draw(st.sampled_from(_TELLING) | st.integers(0, 255))
        case "word":
            number = draw(st.sampled_from(_WIDE) | st.integers(0, 2**32 - 1))
            data[place : place + 4] = struct.pack(draw(st.sampled_from("<>")) + "I", number)
        case "remove":
            del data[place : place + length]
        case "repeat":
            data[place:place] = data[place : place + length]
        case "cut":
            del data[place:]
