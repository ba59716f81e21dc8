"""Image pyramids (mipmaps) of textures, against aliasing at a distance."""

import cv2
import numpy as np
from jaxtyping import UInt8

Level = UInt8[np.ndarray, "row column 4"]


def make_pyramid(texture: Level, levels: int) -> list[Level]:
    """Return the texture and its reductions: index i of level k is index i·2ᵏ of the texture."""
    pyramid = [texture]
    for _ in range(levels - 1):
        pyramid.append(cv2.pyrDown(pyramid[-1]))
    return pyramid


def make_periodic_pyramid(tile: Level) -> list[Level]:
    """Likewise for a square tile that repeats, down to a single pixel.

    Args:
        tile: its side is a power of two.

    Returns:
        Levels with a margin of one pixel, copied from the opposite side, for interpolation: index
        i of level k is at i + 1.
    """
    pyramid = [tile]
    while len(pyramid[-1]) > 1:
        wrapped = np.pad(pyramid[-1], ((4, 4), (4, 4), (0, 0)), mode="wrap")
        pyramid.append(cv2.pyrDown(wrapped)[2:-2, 2:-2])
    return [np.pad(level, ((1, 1), (1, 1), (0, 0)), mode="wrap") for level in pyramid]
