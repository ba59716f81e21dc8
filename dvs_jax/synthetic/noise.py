"""Fractal noise for textures, and helpers to paint with it."""

import cv2
import numpy as np
from jaxtyping import Float

FINEST_CELL_PX = 3.0
"""Noise of a shorter wavelength would alias when the texture is sampled."""


def fractal_noise(
    rng: np.random.Generator,
    size: tuple[int, int],
    cells: tuple[int, int],
    octaves: int,
    persistence: float = 0.6,
) -> Float[np.ndarray, "height width"]:
    """Return smooth noise that repeats seamlessly, float32, of RMS near 1.

    Args:
        rng: source of the random numbers; how many are drawn does not depend on `size`.
        size: width and height in pixels.
        cells: how many cells of the largest scale fit into the width and the height.
        octaves: how many scales, each half as large as the one before; those too fine for the
            size are left out.
        persistence: amplitude of each scale relative to the one before.
    """
    rng = np.random.default_rng(rng.integers(1 << 32))
    total, power = np.zeros(size[::-1], np.float32), 0.0
    for octave in range(octaves):
        columns, rows = cells[0] << octave, cells[1] << octave
        if size[0] / columns < FINEST_CELL_PX or size[1] / rows < FINEST_CELL_PX:
            break
        grid = rng.standard_normal((rows, columns)).astype(np.float32)
        total += persistence**octave * _enlarge_periodic(grid, size)
        power += persistence ** (2 * octave)
    # Cubic interpolation of white noise keeps about half its variance.
    return total / np.float32(np.sqrt(max(power, 1e-6) / 2))


def smoothstep(
    low: float, high: float, value: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Return 0 below `low`, 1 above `high`, and a smooth ramp between."""
    ratio = np.clip((value - low) / (high - low), 0.0, 1.0)
    return ratio * ratio * (3.0 - 2.0 * ratio)


def blend(
    under: Float[np.ndarray, "height width channel"],
    over: Float[np.ndarray, "*#shape"],
    coverage: Float[np.ndarray, "height width"],
) -> None:
    """Paint `over` (a colour or an image) onto `under`, in place, where coverage is above 0."""
    under += coverage[..., None] * (over - under)


def colour(*rgb: float) -> Float[np.ndarray, "3"]:
    """Return an RGB colour of levels 0–255 as float32."""
    return np.array(rgb, np.float32)


def _enlarge_periodic(
    grid: Float[np.ndarray, "row column"], size: tuple[int, int]
) -> Float[np.ndarray, "height width"]:
    margin = 2
    rows, columns = grid.shape
    padded = np.pad(grid, margin, mode="wrap")
    width = round(size[0] * (columns + 2 * margin) / columns)
    height = round(size[1] * (rows + 2 * margin) / rows)
    large = cv2.resize(padded, (width, height), interpolation=cv2.INTER_CUBIC)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return large[top : top + size[1], left : left + size[0]]
