"""The transformer's table of positions, brought from a square picture's patches to a wide one's."""

import numpy as np
from jaxtyping import Float

_SHARPNESS = -0.75
"""PyTorch's; `jax.image.resize` has −0.5."""


def resized(
    table: Float[np.ndarray, "token width"], grid: tuple[int, int]
) -> Float[np.ndarray, "wider width"]:
    """Return a table of other rows and columns by bicubic interpolation; its first entry stays.

    Pixel centres are half a pixel from the edges, and the border is repeated, as in PyTorch's
    `interpolate`.

    Args:
        table: of the class token, then of the patches of a square.
        grid: rows and columns that are wanted.
    """
    side = round(np.sqrt(len(table) - 1))
    patches = table[1:].reshape(side, side, -1).astype(np.float64)
    down, along = (_weights(side, count) for count in grid)
    found = np.einsum("ri,cj,ijw->rcw", down, along, patches)
    return np.concatenate([table[:1], found.reshape(-1, table.shape[1])]).astype(np.float32)


def _weights(old: int, new: int) -> Float[np.ndarray, "new old"]:
    """How much each old place counts at each new one."""
    place = (np.arange(new) + 0.5) * old / new - 0.5
    begin = np.floor(place).astype(int)
    found = np.zeros((new, old))
    for tap in range(-1, 3):
        near = begin + tap
        np.add.at(found, (np.arange(new), np.clip(near, 0, old - 1)), _cubic(np.abs(place - near)))
    return found


def _cubic(apart: Float[np.ndarray, "place"]) -> Float[np.ndarray, "place"]:
    """The kernel of cubic convolution (Keys, 1981)."""
    a = _SHARPNESS
    near = ((a + 2.0) * apart - (a + 3.0)) * apart**2 + 1.0
    far = ((apart - 5.0) * apart + 8.0) * apart * a - 4.0 * a
    return np.where(apart <= 1.0, near, np.where(apart < 2.0, far, 0.0))
