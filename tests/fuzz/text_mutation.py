"""Texts that were valid once: logs, descriptions, notes."""

import re
from collections.abc import Sequence

from hypothesis import strategies as st

EXTREMES = (
    *("", "-", "0", "-0.0", "-1", "1e-400", "1e308", "-1e999", "nan", "-inf", "0e999999999"),
    *("1e999999999", "7e-999999999", "1e-99999999999999999999", "9223372036854775807"),
    *("-9223372036854775808", "18446744073709551616", "4e18", "-3999999999999999999", "1_0"),
    *("0x7f", "0x" + "f" * 5000, "9" * 400, "9" * 5000, "1" * 12_000, "0." + "0" * 9000 + "1"),
    *("٤", "true", "null", '"', "'", "#", ",", ";", ",,,", "{}", "[]", "[" * 3000, '{"a":' * 3000),
    *("\x1b[2J\x1b[31m", "\0", "\x1c", "\u2028", "\u202e", "\ufeff", "\x85", "a.b", "=", "t_s"),
)
"""What stands where a number or a name was."""

_TOKEN = re.compile(r"[-+]?\d[\d.eE+-]*|\w+")
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1")
_EDITS = ("replace", "replace", "replace", "insert", "remove", "repeat", "swap", "byte", "cut")


@st.composite
def text_mutations(draw: st.DrawFn, originals: Sequence[str], most: int = 4) -> bytes:
    """Return one of some texts with a few words, numbers, lines or bytes changed."""
    text = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, most))):
        text = _edited(draw, text, draw(st.sampled_from(originals)))
    content = text.encode(draw(st.sampled_from(_ENCODINGS)), errors="replace")
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, 1 << 16)) % (len(content) + 1)
        content = content[:place] + bytes([draw(st.integers(0, 255))]) + content[place + 1 :]
    return content


def _edited(draw: st.DrawFn, text: str, other: str) -> str:
    kind, place = draw(st.sampled_from(_EDITS)), draw(st.integers(0, 1 << 16))
    if kind == "replace":
        found = list(_TOKEN.finditer(text))
        if not found:
            return text
        begin, end = found[place % len(found)].span()
        return text[:begin] + draw(st.sampled_from(EXTREMES)) + text[end:]
    begin = place % (len(text) + 1)
    length = draw(st.integers(1, 80))
    piece = text[begin : begin + length]
    match kind:
        case "insert":
            start = draw(st.integers(0, 1 << 16)) % (len(other) + 1)
            return text[:begin] + other[start : start + length] + text[begin:]
        case "remove":
            return text[:begin] + text[begin + length :]
        case "repeat":
            return text[:begin] + piece * draw(st.sampled_from((2, 3, 200))) + text[begin:]
        case "swap":
            lines = text.splitlines(keepends=True)
            first, second = place % max(len(lines), 1), length % max(len(lines), 1)
            if lines:
                lines[first], lines[second] = lines[second], lines[first]
            return "".join(lines)
        case "byte":
            return text[:begin] + chr(length) + text[begin + 1 :]
    return text[:begin]
