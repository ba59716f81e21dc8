"""Brings maps of saliency to the range from 0 to 1."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def scaled(
    maps: Float[Array, "*batch height width"], flat: float = 0.0
) -> Float[Array, "*batch height width"]:
    """Return each map with 0 for its lowest value and 1 for its highest; all 0 if it is flat.

    Args:
        maps: of any range.
        flat: the greatest difference between a map's values that counts as none.
    """
    lowest, highest = (edge(maps, axis=(-2, -1), keepdims=True) for edge in (jnp.min, jnp.max))
    extent = highest - lowest
    return jnp.where(extent > flat, (maps - lowest) / jnp.where(extent > flat, extent, 1.0), 0.0)
