"""The shift between two pictures' coarse features, found by correlating them at all shifts."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

REACH = 6
"""Cells in every direction that are searched."""

_LEAST_SEEN = 0.3
"""A shift counts if that share of the picture is seen in both."""


def best_shift(
    steadied: Float[Array, "rows columns channel"], current: Float[Array, "rows columns channel"]
) -> Float[Array, "2"]:
    """Return by how many cells (x, y) the current content lies beside the steadied one's.

    The mean squared difference over what both show, least over all shifts: it is made of a
    correlation and of sums of squares. It has no gradient.
    """
    steadied, current = map(jax.lax.stop_gradient, (steadied, current))
    seen = jnp.ones((*current.shape[:2], 1), jnp.float32)
    cross = _correlated(current, steadied)
    energy = _correlated((current**2).sum(axis=-1, keepdims=True), seen)
    energy = energy + _correlated(seen, (steadied**2).sum(axis=-1, keepdims=True))
    count = _correlated(seen, seen)
    difference = (energy - 2.0 * cross) / jnp.maximum(count, 1.0)
    enough = count > _LEAST_SEEN * seen.size
    best = jnp.argmin(jnp.where(enough, difference, jnp.inf))
    y, x = jnp.unravel_index(best, difference.shape)
    return jnp.stack([x, y]).astype(jnp.float32) - REACH


def _correlated(
    moving: Float[Array, "rows columns channel"], still: Float[Array, "rows columns channel"]
) -> Float[Array, "down across"]:
    """Return the sums of products at all shifts of the moving map, of which there is 0 beyond."""
    around = jnp.pad(moving, ((REACH, REACH), (REACH, REACH), (0, 0)))
    found = jax.lax.conv_general_dilated(
        around[None], still[..., None], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return found[0, :, :, 0]
