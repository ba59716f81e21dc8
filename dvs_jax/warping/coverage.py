"""How much of the output a backward grid covers, and how far a crop lets it leave the identity."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax.warping import grid as grids

_SHARES = 257
"""Sizes of the rectangle at which its corners are evaluated; linear in between, exact to 1e-5."""


@jax.jit
@jax.vmap
def kept_share(source: Float[Array, "rows columns 2"]) -> Float[Array, ""]:
    """Return the fraction of the output's width and height that each frame covers about the centre.

    Args:
        source: float32 [frame, rows, columns, 2], backward grids.

    Returns:
        float32 [frame]: the side of the largest centred rectangle of the output's aspect without
        an uncovered point, as a fraction of the output's, exact along the grid's lines; 0 where
        the centre itself is uncovered or a value is not finite, 1 where everything is covered.
    """
    rows, columns = source.shape[:2]
    radius = 2.0 * jnp.abs(jnp.asarray(grids.output_points(rows, columns), source.dtype) - 0.5)
    kept = jnp.where(_outside(source) > 0.0, radius.max(axis=-1), 1.0).min()
    # On the sides of a centred rectangle the grid is linear between its own lines, so it leaves the
    # source first where a line crosses a side, or at a corner, which moves along a diagonal.
    for axis in (0, 1):
        kept = jnp.minimum(kept, _leaving(source, radius, axis))
    kept = jnp.minimum(kept, _leaving_diagonally(source))
    return jnp.where(jnp.isfinite(source).all(), kept, 0.0)


def _outside(source: Float[Array, "*point 2"]) -> Float[Array, "*point"]:
    """Return how far source points lie outside the frame; negative inside."""
    return (jnp.abs(source - 0.5) - 0.5).max(axis=-1)


def _leaving_diagonally(source: Float[Array, "rows columns 2"]) -> Float[Array, ""]:
    """Return the smallest fraction at which a corner of the centred rectangle leaves the source."""
    share = jnp.linspace(0.0, 1.0, _SHARES, dtype=source.dtype)
    kept = jnp.ones((), source.dtype)
    for down in (-0.5, 0.5):
        for across in (-0.5, 0.5):
            corner = grids.at_points(source, 0.5 + down * share, 0.5 + across * share)
            outside = _outside(corner)
            before, after = outside[:-1], outside[1:]
            leaves = (before <= 0.0) & (after > 0.0)
            part = jnp.where(leaves, -before / jnp.where(leaves, after - before, 1.0), 0.0)
            place = share[:-1] + part * (share[1] - share[0])
            kept = jnp.minimum(kept, jnp.where(leaves, place, 1.0).min())
            kept = jnp.where(outside[0] > 0.0, 0.0, kept)
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
        # Either coordinate may leave the source; the radius counts both output coordinates.
        for leaving in (0, 1):
            along = jnp.broadcast_to(share[..., leaving, None], first_radius.shape)
            place = (first_radius + along * (second_radius - first_radius)).max(axis=-1)
            kept = jnp.minimum(kept, jnp.where(crosses[..., leaving], place, 1.0).min())
    return kept


@jax.jit
def furthest(
    source: Float[Array, "frame rows columns 2"], kept: Float[Array, ""]
) -> Float[Array, "frame"]:
    """Return the largest blending factor of each grid at which a central fraction stays covered.

    Args:
        source: float32, backward grids.
        kept: float32, the central fraction of each axis of the output that has to be covered.

    Returns:
        float32 in [0, 1], 0 the identity and 1 the grid itself (see `grid.blend`); exact for the
        grid resampled over that central fraction. 0 for grids with values that are not finite.
    """
    return jax.vmap(_furthest, (0, None))(source, kept)


def _furthest(source: Float[Array, "rows columns 2"], kept: Float[Array, ""]) -> Float[Array, ""]:
    rows, columns = source.shape[:2]
    identity = grids.central(jnp.asarray(grids.output_points(rows, columns), source.dtype), kept)
    # Each coordinate of a blend moves linearly from the identity's, inside, to the grid's.
    moved = grids.central(source, kept) - identity
    room = jnp.where(moved > 0.0, 1.0 - identity, identity)
    share = room / jnp.where(moved == 0.0, 1.0, jnp.abs(moved))
    share = jnp.where(moved == 0.0, 1.0, jnp.maximum(share, 0.0))
    return jnp.where(jnp.isfinite(moved).all(), jnp.minimum(share.min(), 1.0), 0.0)
