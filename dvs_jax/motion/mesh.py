"""What a similarity leaves over, as a small mesh: near things, the lens, rolling shutter.

Each pair's tracks are averaged around the mesh's vertices, summed in time, and of the sum what is
faster than the cutoff is taken out: displacements that change slowly are the scene's own.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LONGER, SHORTER = 17, 10
"""Vertices along the picture's longer and shorter side."""

_REACH = 30.0 / 640.0
"""Standard deviation, in widths, of the Gaussian around a vertex."""

_DOUBT = 0.3
"""So many tracks that did not move are added to each vertex: where there is little evidence there
is little displacement."""

FURTHEST = 6.0 / 640.0
"""The largest displacement, in widths."""


def vertices(aspect: float) -> Float[np.ndarray, "rows columns 2"]:
    """Return the places of the vertices in the plane of a picture, float32.

    Args:
        aspect: height over width.
    """
    rows, columns = (SHORTER, LONGER) if aspect <= 1.0 else (LONGER, SHORTER)
    x, y = np.linspace(-0.5, 0.5, columns), np.linspace(-0.5 * aspect, 0.5 * aspect, rows)
    return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)


def displacement(
    vertex: Float[Array, "rows columns 2"],
    point: Float[Array, "track 2"],
    left: Float[Array, "track 2"],
    weight: Float[Array, "track"],
) -> Float[Array, "rows columns 2"]:
    """Return how far the content near each vertex moves, beside the similarity.

    Args:
        vertex: as `vertices` returns them.
        point: where each track is.
        left: by how much it moves beside the similarity.
        weight: how much it counts, 0 to 1.
    """
    squared = ((vertex[:, :, None] - point[None, None]) ** 2).sum(axis=-1)
    share = jnp.exp(-0.5 * squared / _REACH**2) * weight[None, None]
    return share @ left / (share.sum(axis=-1, keepdims=True) + _DOUBT)
