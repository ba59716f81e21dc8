"""Squares of a picture that networks look at: where they lie, and what is in them.

Positions are in pixels of the picture, x right and y down, integers at pixel centres. A crop's
column j and row i show the square's share j / size and i / size: its first pixels lie on the
square's edge, which is how the published networks were found to agree best with their own program.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Num, UInt8


class Region(NamedTuple):
    """A square of a picture.

    Attributes:
        center: float32 [2], (x, y) in pixels.
        side: float32, in pixels.
        angle: float32, radians by which it is turned, from the picture's x axis towards its y axis.
    """

    center: Float[Array, "2"]
    side: Float[Array, ""]
    angle: Float[Array, ""]


SIDE_BY_RADIUS = 2.5
"""The side of a person's square, by the distance from hips to the point that tells the scale."""


def around_picture(width: int, height: int) -> Region:
    """Return the smallest upright square that holds a whole picture, in its middle."""
    center = jnp.asarray([width / 2, height / 2], jnp.float32)
    return Region(center, jnp.float32(max(width, height)), jnp.float32(0))


@jax.jit
def around_person(hips: Float[Array, "2"], scale: Float[Array, "2"]) -> Region:
    """Return a person's region, turned so that the person stands upright in it.

    Args:
        hips: float32, the middle of the hips in pixels.
        scale: float32, the point that tells size and direction, above the head in pixels.
    """
    x, y = scale - hips
    # A right angle less the direction of the point, counted upwards.
    angle = jnp.pi / 2 - jnp.arctan2(-y, x)
    angle = angle - 2 * jnp.pi * jnp.floor((angle + jnp.pi) / (2 * jnp.pi))
    return Region(hips, SIDE_BY_RADIUS * jnp.hypot(x, y), angle)


def crop_matrix(region: Region, width: int, height: int) -> Float[Array, "3 3"]:
    """Return what takes a crop's pixels to the picture's.

    Args:
        region: the square.
        width: of the crop, over the square's whole side, in pixels.
        height: likewise.

    Returns:
        float32 [3, 3], homogeneous: (x, y, 1) in the picture of (j, i, 1) in the crop.
    """
    cosine, sine = jnp.cos(region.angle), jnp.sin(region.angle)
    turned = region.side * jnp.asarray([[cosine, -sine], [sine, cosine]])
    corner = region.center - turned @ jnp.full(2, 0.5)
    linear = turned / jnp.asarray([[width, height]], jnp.float32)
    return jnp.concatenate(
        [jnp.concatenate([linear, corner[:, None]], 1), jnp.asarray([[0.0, 0.0, 1.0]])]
    )


@partial(jax.jit, static_argnames=("width", "height", "edge"))
def crop(
    picture: UInt8[Array, "rows columns channel"],
    region: Region,
    width: int,
    height: int,
    edge: bool = True,
) -> Float[Array, "height width channel"]:
    """Return what a region shows, sampled bilinearly.

    Args:
        picture: RGB.
        region: a square of it, which may reach beyond.
        width: of the crop in pixels.
        height: likewise.
        edge: whether the picture's outermost pixels are repeated around it; else it lies in black.

    Returns:
        float32, whole numbers in 0…255: the networks' own program gives them 8 bits.
    """
    rows, columns = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    matrix = crop_matrix(region, width, height)
    positions = jnp.stack([columns, rows], -1) @ matrix[:2, :2].T + matrix[:2, 2].reshape(1, 1, 2)
    return jnp.round(sampled(picture, positions, edge))


def sampled(
    picture: Num[Array, "rows columns channel"],
    positions: Float[Array, "height width 2"],
    edge: bool,
) -> Float[Array, "height width channel"]:
    """Return a picture's bilinear samples, float32.

    Args:
        picture: of any type.
        positions: float32, (x, y) in pixels.
        edge: whether its outermost pixels are repeated around it, or zeros lie there.
    """
    rows, columns, _ = picture.shape
    first = jnp.floor(positions)
    share = positions - first
    x, y = jnp.moveaxis(first.astype(jnp.int32), -1, 0)

    def seen(x: Int[Array, "h w"], y: Int[Array, "h w"]) -> Float[Array, "h w channel"]:
        values = picture[jnp.clip(y, 0, rows - 1), jnp.clip(x, 0, columns - 1)].astype(jnp.float32)
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows) | edge
        return jnp.where(inside[..., None], values, 0.0)

    right, down = share[..., :1], share[..., 1:]
    above = seen(x, y) * (1 - right) + seen(x + 1, y) * right
    below = seen(x, y + 1) * (1 - right) + seen(x + 1, y + 1) * right
    return above * (1 - down) + below * down
