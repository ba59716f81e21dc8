"""Maps of saliency as a few points on the sphere: `salxyz`."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere

_GLOW = np.radians(5.0)

_PAPERS = {(224, 448): 160}
"""Of which size of maps which of the highest values are taken in the paper: every 160th."""

SHARE = 0.2
"""Of a map's values, the highest, from which points are taken."""


def stride(height: int, width: int, count: int) -> int:
    """Return which of the highest values are taken: every such one."""
    return _PAPERS.get((height, width), int(SHARE * height * width) // count)


def points(
    saliency: Float[Array, "*batch height width"], count: int
) -> Float[Array, "*batch point 4"]:
    """Return points (x, y, z, value) of a map, the highest first; of equal ones the earlier pixel.

    Args:
        saliency: equirectangular maps.
        count: how many points, taken at equal strides among the highest fifth of the values.
    """
    height, width = saliency.shape[-2:]
    step = stride(height, width, count)
    values, places = jax.lax.top_k(saliency.reshape(*saliency.shape[:-2], -1), step * count)
    directions = jnp.asarray(sphere.pixel_directions(height, width).reshape(-1, 3), saliency.dtype)
    chosen = values[..., ::step], directions[places[..., ::step]]
    return jnp.concatenate([chosen[1], chosen[0][..., None]], axis=-1)


_points = jax.jit(points, static_argnums=1)


def of_maps(
    maps: Float[np.ndarray, "step height width"], count: int
) -> Float[np.ndarray, "step point 4"]:
    """Return the points of a video's maps, float32, on the host."""
    return np.asarray(_points(jnp.asarray(maps, jnp.float32), count))


def thinned(
    points: Float[np.ndarray, "step point 4"], count: int
) -> Float[np.ndarray, "step chosen 4"]:
    """Return fewer points of each instant, at equal strides from the highest.

    Raises:
        InputError: there are not so many.
    """
    if points.shape[1] < count:
        raise InputError(
            f"the saliency has {points.shape[1]} points an instant, and the network reads {count}; "
            "compute it again, from the video"
        )
    return points[:, np.arange(count) * points.shape[1] // count]


def glow(
    points: Float[np.ndarray, "point 4"], height: int = 64, width: int = 128
) -> Float[np.ndarray, "height width"]:
    """Return a map, from 0 to 1, that is high about the points that are: for pictures."""
    places = sphere.pixel_directions(height, width)
    cosine = np.einsum("hwd,pd->hwp", places, points[:, :3])
    near = (np.exp((cosine - 1.0) / _GLOW**2) * points[:, 3] ** 2).max(axis=-1)
    return (near / max(float(near.max()), 1e-6)).astype(np.float32)
