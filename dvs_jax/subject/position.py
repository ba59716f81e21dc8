"""A place in the picture as users write it: in shares of it, or in pixels."""

import re

from dvs_jax.errors import InputError

Place = tuple[float, float]

_NUMBER = r"\s*([+-]?(?:\d+\.?\d*|\.\d+))(px)?\s*"
_PLACE = re.compile(f"{_NUMBER},{_NUMBER}")
_MOMENT = re.compile(r"(.*)@\s*(\d+\.?\d*|\.\d+)\s*s?\s*")


def place(text: str, width: int, height: int) -> Place:
    """Return (x, y) in pixels of an upright picture, integers at pixel centres.

    Args:
        text: such as "0.5,0.5", shares of the picture from its upper left corner; or
            "640px,360px".
        width: of the picture in pixels.
        height: likewise.

    Raises:
        InputError: it is neither, or lies outside the picture.
    """
    match = _PLACE.fullmatch(text)
    if match is None or (match[2] is None) != (match[4] is None):
        raise InputError(
            f"{text!r} is no place in the picture: write shares of it as 0.5,0.5, "
            "or pixels as 640px,360px"
        )
    x, y = float(match[1]), float(match[3])
    if match[2] is None:
        # So that 0 and 1 are the first and the last pixel's centre.
        x, y = x * (width - 1), y * (height - 1)
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        raise InputError(
            f"{text!r} lies outside the picture, which is {width} × {height} pixels: "
            "shares of it lie between 0 and 1"
        )
    return x, y


def moment(text: str, width: int, height: int) -> tuple[Place, float]:
    """Return the place (see `place`) and the seconds of a text such as "0.3,0.6@2.5".

    Raises:
        InputError: it is no such text, or the place is outside the picture.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise InputError(
            f"{text!r} names no moment: write the place and the seconds as 0.3,0.6@2.5"
        )
    return place(match[1], width, height), float(match[2])
