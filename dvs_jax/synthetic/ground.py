"""The ground: an infinite pavement of one repeated tile."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dvs_jax.synthetic.backdrop import to_bytes
from dvs_jax.synthetic.noise import blend, colour, fractal_noise
from dvs_jax.synthetic.pyramid import Level, make_periodic_pyramid

CAMERA_HEIGHT_M = 1.6
"""How far the ground lies below the world's origin."""

TILE_M = 9.6
STONES = 16


@dataclass(frozen=True)
class Ground:
    """The pavement.

    Attributes:
        pyramid: uint8 RGB + unused, one tile at decreasing resolutions, along the world's z and x.
        texel_m: side of a pixel of the first level, metres.
    """

    pyramid: list[Level]
    texel_m: float


def pave(seed: int, texel_m: float) -> Ground:
    """Paint the pavement in pixels of about `texel_m` metres."""
    side = 1 << int(np.floor(np.log2(TILE_M / texel_m)))
    rng = np.random.default_rng([seed, 20])
    tile = _stone_tones(rng, side)
    grain = fractal_noise(rng, (side, side), (STONES * 2, STONES * 2), 6, 0.8)
    stains = fractal_noise(rng, (side, side), (3, 3), 5, 0.6)
    tile *= (1.0 + 0.05 * grain + 0.06 * stains)[..., None]
    blend(tile, colour(92, 86, 78), 0.75 * _joints(side))
    rgba = np.concatenate([to_bytes(tile), np.full((side, side, 1), 255, np.uint8)], axis=-1)
    return Ground(make_periodic_pyramid(rgba), TILE_M / side)


def _stone_tones(rng: np.random.Generator, side: int) -> Float[np.ndarray, "row column 3"]:
    """Colour each stone: mostly sand, some grey, dark bands every eighth row and column."""
    tone = rng.uniform(0.86, 1.06, (STONES, STONES))[..., None]
    grey = rng.random((STONES, STONES)) < 0.12
    base = np.where(grey[..., None], colour(140, 138, 134), colour(178, 168, 150)) * tone
    band = np.arange(STONES) % 8 == 0
    base[band[:, None] | band] *= 0.68
    stone = np.arange(side) * STONES // side
    return base[stone][:, stone].astype(np.float32)


def _joints(side: int) -> Float[np.ndarray, "row column"]:
    """Return how far each pixel lies in the 2 cm between stones."""
    stone_px, texel_m = side / STONES, TILE_M / side
    position = (np.arange(side) + 0.5) % stone_px
    to_edge = np.minimum(position, stone_px - position)
    line = np.clip((0.01 / texel_m) - to_edge + 0.5, 0.0, 1.0).astype(np.float32)
    return np.maximum(line[:, None], line)
