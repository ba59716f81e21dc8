"""The largest picture that is read, checked before memory is allocated for it."""

from pathlib import Path

from dvs_jax.errors import InputError

LONGEST_SIDE = 16_384
"""In pixels; the limit of the H.264 encoder."""

MOST_PIXELS = 139_264 * 16 * 16
"""The limit of H.264 at its highest level, 6.2: 8192 × 4352 pixels."""

MOST_ELONGATED = 64
"""Limit of the longer side by the shorter one: scaling a picture to a given width or height takes
that much more memory."""


def require_size(path: Path, width: int, height: int) -> None:
    """Raise unless pictures of this size can be stabilised and written.

    Raises:
      InputError: they are empty or too large; the message names `path`.
    """
    size = f"{path}: a picture of {width} × {height} pixels"
    if min(width, height) < 1:
        raise InputError(f"{size} is empty")
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise InputError(
            f"{size} is too large: a video has at most {LONGEST_SIDE} a side and "
            f"{MOST_PIXELS / 1e6:.0f} million together; scale it down first"
        )
    if max(width, height) > MOST_ELONGATED * min(width, height):
        raise InputError(
            f"{size} is no frame of a video: one side is over {MOST_ELONGATED} times the other"
        )
