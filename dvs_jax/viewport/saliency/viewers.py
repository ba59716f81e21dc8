"""Saliency told by viewers: where an audience has looked."""

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport import sphere

HEIGHT, WIDTH = 32, 64
"""Of the maps."""

_SIGMA = np.radians(10.0)

_AT_ONCE = 64


def maps(
    others: Float[np.ndarray, "viewer step 3"], height: int = HEIGHT, width: int = WIDTH
) -> Float[np.ndarray, "step height width"]:
    """Return the density of viewers' directions at each step, float32, 1 where it is highest.

    Args:
        others: unit vectors; NaN where a viewer's is not known. Where none is, the map is 0.
        height: of the maps.
        width: likewise.
    """
    places = sphere.pixel_directions(height, width).reshape(-1, 3).astype(np.float32)
    found = []
    for begin in range(0, others.shape[1], _AT_ONCE):
        cosine = others[:, begin : begin + _AT_ONCE].astype(np.float32) @ places.T
        density = np.nansum(np.exp((cosine - 1.0) / np.float32(_SIGMA**2)), axis=0)
        highest = density.max(axis=-1, keepdims=True)
        found.append(density / np.where(highest > 0.0, highest, 1.0))
    return np.concatenate(found).reshape(-1, height, width)
