"""How much of the output a backward grid covers, and how far it may be followed within a crop."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax.warping import grid as grids


@jax.jit
@jax.vmap
def kept_share(source: Float[Array, "rows columns 2"]) -> Float[Array, ""]:
    """Return how much of the output's width and height each frame covers about its centre.

    Args:
        source: float32 [frame, rows, columns, 2], backward grids.

    Returns:
        float32 [frame]: the side of the largest centred rectangle of the output's aspect without
        an empty point, as a share of the output, exact along the grid's lines; 0 where the centre
        itself is empty, 1 where all is covered.
    """
    rows, columns = source.shape[:2]
    radius = 2.0 * jnp.abs(jnp.asarray(grids.output_points(rows, columns), source.dtype) - 0.5)
    outside = jnp.where(jnp.isfinite(source), jnp.abs(source - 0.5) - 0.5, jnp.inf).max(axis=-1)
    kept = jnp.where(outside > 0.0, radius.max(axis=-1), 1.0).min()
    for axis in (0, 1):
        kept = jnp.minimum(kept, _leaving(source, radius, axis))
    return kept


def _leaving(
    source: Float[Array, "rows columns 2"], radius: Float[Array, "rows columns 2"], axis: int
) -> Float[Array, ""]:
    """Return the smallest radius at which the grid's lines along an axis leave the source."""
    count = source.shape[axis]
    ends = [
        jax.lax.slice_in_dim(array, start, start + count - 1, axis=axis)
        for array in (source, radius)
        for start in (0, 1)
    ]
    first, second, first_radius, second_radius = ends
    kept = jnp.ones((), source.dtype)
    for edge in (0.0, 1.0):
        before, after = first - edge, second - edge
        crosses = (before * after < 0.0) & jnp.isfinite(before) & jnp.isfinite(after)
        share = jnp.where(crosses, before / jnp.where(crosses, before - after, 1.0), 0.0)
        # Either coordinate may be the one that leaves; both coordinates of the place count.
        for leaving in (0, 1):
            along = jnp.broadcast_to(share[..., leaving, None], first_radius.shape)
            place = (first_radius + along * (second_radius - first_radius)).max(axis=-1)
            kept = jnp.minimum(kept, jnp.where(crosses[..., leaving], place, 1.0).min())
    return kept


@jax.jit
def furthest(
    source: Float[Array, "frame rows columns 2"], kept: Float[Array, ""]
) -> Float[Array, "frame"]:
    """Return how far from the identity each grid may be followed so that a share is covered.

    Args:
        source: float32, backward grids.
        kept: float32, the central share of each axis of the output that shall be covered.

    Returns:
        float32 in [0, 1]: 1 where all of the grid may be (see `grid.blend`); exact for the grid
        resampled over that central share. Grids with numbers that are not finite may not be
        followed at all.
    """
    return jax.vmap(_furthest, (0, None))(source, kept)


def _furthest(source: Float[Array, "rows columns 2"], kept: Float[Array, ""]) -> Float[Array, ""]:
    rows, columns = source.shape[:2]
    identity = grids.central(jnp.asarray(grids.output_points(rows, columns), source.dtype), kept)
    # Along each coordinate a blend moves from the identity's, inside, towards the grid's.
    moved = grids.central(source, kept) - identity
    room = jnp.where(moved > 0.0, 1.0 - identity, identity)
    share = room / jnp.where(moved == 0.0, 1.0, jnp.abs(moved))
    share = jnp.where(moved == 0.0, 1.0, jnp.maximum(share, 0.0))
    return jnp.where(jnp.isfinite(moved).all(), jnp.minimum(share.min(), 1.0), 0.0)
