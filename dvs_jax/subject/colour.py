"""Colours as users write them."""

from PIL import ImageColor

from dvs_jax.errors import InputError

Rgb = tuple[int, int, int]


def colour(text: str) -> Rgb | None:
    """Return a colour's red, green and blue, 0…255; None for a text that names none.

    Args:
        text: a name such as "white", or "#ff8800".
    """
    try:
        red, green, blue, *_ = ImageColor.getrgb(text.strip())
    except ValueError:
        return None
    return red, green, blue


def require_colour(text: str, others: str) -> Rgb:
    """Return a colour, or raise InputError where it is none.

    Args:
        text: see `colour`.
        others: what else could have been said, for the message.
    """
    found = colour(text)
    if found is None:
        raise InputError(f"{text!r} is neither {others} nor a colour such as white or #ff8800")
    return found
