"""The surroundings at infinity: sky, hills and a town all around, painted on a cylinder.

The cylinder's column is the azimuth, clockwise from the world's z; its row is the tangent of the
elevation, top first. One pixel of the painting is one pixel of the video at the image's centre.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.synthetic.noise import blend, colour, fractal_noise, smoothstep

BOTTOM = -0.05
"""Tangent of the lowest elevation painted; below it lies the ground."""
HIGHEST_TOP = 1.6
"""Likewise of the highest; above it the sky is constant."""
TILT_RAD = 0.25
"""How far the camera may be pitched up before the painting's upper end is visible."""

_HAZE = colour(206, 217, 226)


@dataclass(frozen=True)
class Backdrop:
    """The painted cylinder.

    Attributes:
        image: uint8 RGB + unused [row, column, 4] (four channels are sampled faster than three),
            one column wider than the circle so that its ends can be interpolated.
        pixels_per_radian: scale of columns in azimuth, and of rows in tangent of the elevation.
        top: tangent of the elevation at the upper edge.
    """

    image: UInt8[np.ndarray, "row column 4"]
    pixels_per_radian: float
    top: float


def paint_backdrop(seed: int, focal_px: float, half_height: float) -> Backdrop:
    """Paint the surroundings.

    Args:
        seed: of the random numbers.
        focal_px: focal length in pixels of the camera to paint for.
        half_height: tangent of half its vertical field of view.
    """
    width = round(2 * np.pi * focal_px)
    scale = width / (2 * np.pi)
    top = np.tan(min(np.arctan(half_height) + TILT_RAD, np.arctan(HIGHEST_TOP)))
    elevation = top - (np.arange(round((top - BOTTOM) * scale)) + 0.5) / scale
    image = _paint_sky(np.random.default_rng([seed, 10]), elevation, width)
    for rank, (height, haze) in enumerate([(0.11, 0.72), (0.075, 0.5)]):
        _paint_hills(np.random.default_rng([seed, 11, rank]), image, elevation, height, haze)
    for rank, (height, haze) in enumerate([(0.20, 0.45), (0.13, 0.12)]):
        _paint_town(np.random.default_rng([seed, 12, rank]), image, elevation, height, haze)
    _paint_hedge(np.random.default_rng([seed, 13]), image, elevation)
    softened = cv2.GaussianBlur(to_bytes(image), (0, 0), 0.55)
    closed = np.concatenate([softened, softened[:, :1]], axis=1)
    return Backdrop(cv2.cvtColor(closed, cv2.COLOR_RGB2RGBA).astype(np.uint8), scale, top)


def to_bytes(image: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Round levels to uint8."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _paint_sky(
    rng: np.random.Generator, elevation: Float[np.ndarray, "row"], width: int
) -> Float[np.ndarray, "row column 3"]:
    """Paint clouds at half the resolution: they are soft."""
    size = (width // 2, len(elevation) // 2)
    height = cv2.resize(smoothstep(0.0, 1.0, elevation), (1, size[1]))[..., None]
    sky = np.repeat(_HAZE + height**0.7 * (colour(74, 132, 206) - _HAZE), size[0], axis=1)
    sky = sky.astype(np.float32)
    cells = 12, max(1, round(5 * elevation[0]))
    clouds = 0.9 * smoothstep(0.1, 1.3, fractal_noise(rng, size, cells, 7, 0.58))
    shade = 238 + 14 * fractal_noise(rng, size, cells, 7, 0.75)
    blend(sky, np.clip(shade, 0, 255)[..., None] * colour(1, 1, 1), clouds)
    return cv2.resize(sky, (width, len(elevation))).astype(np.float32, copy=False)


def _paint_hills(
    rng: np.random.Generator,
    image: Float[np.ndarray, "row column 3"],
    elevation: Float[np.ndarray, "row"],
    height: float,
    haze: float,
) -> None:
    width = image.shape[1]
    crest = height * (1.0 + 0.35 * fractal_noise(rng, (width, 64), (10, 1), 7, 0.5)[32])
    band, coverage = _cover_below(crest, elevation)
    woods = fractal_noise(rng, coverage.shape[::-1], (60, 2), 6, 0.75)[..., None]
    green = colour(70, 104, 62) * (1.0 + 0.28 * woods)
    blend(image[band], green + haze * (colour(150, 178, 205) - green), coverage)


def _cover_below(
    crest: Float[np.ndarray, "column"], elevation: Float[np.ndarray, "row"]
) -> tuple[slice, Float[np.ndarray, "row column"]]:
    """Return the rows that reach up to a skyline, and how far their pixels lie below it."""
    pixel = elevation[0] - elevation[1]
    band = slice(int(np.searchsorted(-elevation, -(crest.max() + pixel))), len(elevation))
    below = (crest - elevation[band, None]) / pixel
    return band, np.clip(below + 0.5, 0.0, 1.0).astype(np.float32)


def _paint_town(
    rng: np.random.Generator,
    image: Float[np.ndarray, "row column 3"],
    elevation: Float[np.ndarray, "row"],
    height: float,
    haze: float,
) -> None:
    """Put houses side by side, each with its own width, height, colour and windows."""
    scale, azimuth = 1.0 / (elevation[0] - elevation[1]), 0.0
    while azimuth < 2 * np.pi:
        width = rng.uniform(0.05, 0.13)
        left, right = round(azimuth * scale), round(min(azimuth + width, 2 * np.pi) * scale)
        tallness = height * rng.uniform(0.35, 1.0) * rng.choice([1.0, 1.7], p=[0.8, 0.2])
        house_rng = np.random.default_rng(rng.integers(1 << 32))
        if right - left >= 4 and rng.random() < 0.85:
            top = max(0, round((elevation[0] - tallness) * scale))
            image[top:, left:right] = _paint_house(
                house_rng, (right - left, image.shape[0] - top), scale, haze
            )
        azimuth += width


def _paint_house(
    rng: np.random.Generator, size: tuple[int, int], scale: float, haze: float
) -> Float[np.ndarray, "height width 3"]:
    width, height = size
    palette = [(176, 120, 96), (204, 190, 166), (150, 158, 168), (120, 92, 84), (222, 214, 200)]
    wall = colour(*palette[rng.integers(len(palette))]) * rng.uniform(0.75, 1.05)
    plaster = fractal_noise(rng, size, (4, 6), 4)[..., None]
    house = wall * (1.0 + 0.05 * plaster)
    pitch = scale * rng.uniform(0.013, 0.022) * np.array([1.0, rng.uniform(1.0, 1.5)])
    share = rng.uniform(0.45, 0.65, 2)
    across, column = _stripes(width, pitch[0], share[0])
    down, row = _stripes(height, pitch[1], share[1])
    glass = rng.uniform(0.25, 0.75, (row.max() + 1, column.max() + 1))[row][:, column]
    panes = (glass[..., None] * colour(120, 140, 165)).astype(np.float32)
    blend(house, panes, down[:, None] * across)
    house[: max(1, round(0.004 * scale))] = wall * 0.6
    house[:, : max(1, round(0.002 * scale))] *= 0.7
    return house + haze * (_HAZE - house)


def _stripes(
    length: int, pitch: float, share: float
) -> tuple[Float[np.ndarray, "length"], np.ndarray]:
    """Return how far each pixel lies in one of evenly spaced stripes, and the stripe's number."""
    position = (np.arange(length) + 0.5) / pitch
    number = position.astype(int)
    from_middle = np.abs(position - number - 0.5) * pitch
    coverage = np.clip(share * pitch / 2 - from_middle + 0.5, 0.0, 1.0)
    return coverage.astype(np.float32), number


def _paint_hedge(
    rng: np.random.Generator,
    image: Float[np.ndarray, "row column 3"],
    elevation: Float[np.ndarray, "row"],
) -> None:
    """Plant trees before the houses; they also hide where the ground ends."""
    width = image.shape[1]
    crest = 0.022 + 0.013 * fractal_noise(rng, (width, 64), (50, 1), 6, 0.7)[32]
    band, coverage = _cover_below(np.maximum(crest, 0.006), elevation)
    leaves = fractal_noise(rng, coverage.shape[::-1], (200, 4), 5, 0.8)[..., None]
    green = colour(58, 84, 46) * (1.0 + 0.35 * leaves)
    blend(image[band], np.clip(green, 0, 255), coverage)
