"""The tiles of an equirectangular picture that a viewer sees."""

import math
from functools import cache

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.quaternion import Array, array_namespace
from dvs_jax.viewport import sphere

ROWS, COLUMNS = 9, 16

FIELD_OF_VIEW_DEG = 100.0
"""A tile is in view if its centre is less than half of this away."""


@cache
def centres() -> Float[np.ndarray, "row column 3"]:
    """Return the directions of the tiles' centres, float64."""
    return sphere.pixel_directions(ROWS, COLUMNS)


def in_view(direction: Float[Array, "*batch 3"]) -> Bool[Array, "*batch row column"]:
    """Return which tiles a viewer sees who looks in a direction, given as a unit vector."""
    xp = array_namespace(direction)
    cosine = xp.einsum("...d,rcd->...rc", direction, xp.asarray(centres(), direction.dtype))
    return cosine > math.cos(math.radians(FIELD_OF_VIEW_DEG / 2.0))


def overlap(
    seen: Bool[Array, "*batch row column"], chosen: Bool[Array, "*batch row column"]
) -> Float[Array, "*batch"]:
    """Return the intersection of two sets of tiles over their union."""
    both, either = (seen & chosen).sum(axis=(-2, -1)), (seen | chosen).sum(axis=(-2, -1))
    return both / either
