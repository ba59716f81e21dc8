"""Frames warped by affine maps from output to input.

Coordinates are in [−1, 1], x to the right and y down. With `align_corners` they go from the first
pixel's centre to the last one's, as in the published program; without, from edge to edge. All
functions take one frame; `vmap` them for more.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Affine = Float[Array, "2 3"]


class Warped(NamedTuple):
    """A warped picture.

    Attributes:
        image: [height, width, channel], 0 outside of the frame.
        inside: [height, width], 1 where the place that is looked up lies within [−1, 1], else 0.
    """

    image: Float[Array, "height width channel"]
    inside: Float[Array, "height width"]


def places(
    theta: Affine, size: tuple[int, int], align_corners: bool
) -> Float[Array, "row column 2"]:
    """Return the place in the input of each pixel of the output.

    Args:
        theta: [[a, b, t], [c, d, u]]: (x, y) is taken from (a·x + b·y + t, c·x + d·y + u).
        size: width and height in pixels.
        align_corners: see the module.
    """
    x, y = (_along(length, align_corners) for length in size)
    shape = (size[1], size[0])
    return applied(theta, jnp.broadcast_to(x[None, :], shape), jnp.broadcast_to(y[:, None], shape))


def applied(
    theta: Affine, x: Float[Array, "*point"], y: Float[Array, "*point"]
) -> Float[Array, "*point 2"]:
    """Return the points that an affine map makes of others."""
    return jnp.stack([row[0] * x + row[1] * y + row[2] for row in theta], axis=-1)


def _along(length: int, align_corners: bool) -> Float[Array, "pixel"]:
    pixel = jnp.arange(length, dtype=jnp.float32)
    if align_corners:
        return 2.0 * pixel / max(length - 1, 1) - 1.0
    return (2.0 * pixel + 1.0) / length - 1.0


def warp(image: Float[Array, "height width channel"], theta: Affine, align_corners: bool) -> Warped:
    """Warp a picture bilinearly; what lies outside of it is 0.

    Args:
        image: in any range.
        theta: see `places`.
        align_corners: see the module.
    """
    height, width = image.shape[:2]
    place = places(theta, (width, height), align_corners)
    inside = (jnp.abs(place) <= 1.0).all(-1).astype(image.dtype)
    return Warped(_sampled(image, place, align_corners), inside)


def _sampled(
    image: Float[Array, "height width channel"],
    place: Float[Array, "row column 2"],
    align_corners: bool,
) -> Float[Array, "row column channel"]:
    height, width = image.shape[:2]
    x, y = (
        (place[..., axis] + 1.0) / 2.0 * (length - 1)
        if align_corners
        else (place[..., axis] + 1.0) / 2.0 * length - 0.5
        for axis, length in ((0, width), (1, height))
    )
    # One pixel of black around the picture, on which places without bounds are led back.
    padded = jnp.pad(image, ((1, 1), (1, 1), (0, 0)))
    x, y = jnp.clip(x + 1.0, 0.0, width + 1.0), jnp.clip(y + 1.0, 0.0, height + 1.0)
    left = jnp.minimum(jnp.floor(x), width).astype(jnp.int32)
    above = jnp.minimum(jnp.floor(y), height).astype(jnp.int32)
    right, below = (
        jnp.broadcast_to(share[..., None], (*share.shape, image.shape[2]))
        for share in (x - left, y - above)
    )
    upper = padded[above, left] * (1.0 - right) + padded[above, left + 1] * right
    lower = padded[above + 1, left] * (1.0 - right) + padded[above + 1, left + 1] * right
    return upper * (1.0 - below) + lower * below
