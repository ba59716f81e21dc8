"""A grid's cells as exact homographies, on pixel centres.

Points lie in [−1, 1] from edge to edge of the picture: pixel (c, r) of W × H at
((2c + 1) / W − 1, (2r + 1) / H − 1). A grid of vertices moves them: its displacements, [rows,
columns, 2], tell how far from each regular vertex of the output the input is looked up. All
functions take one frame; `vmap` them for more.
"""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax.stabnet.official_warp import Warped

Within = Literal["homography", "bilinear"]
"""How a cell is filled from its four corners."""

Points = Float[Array, "point 2"]


def displacements(
    vertex: Float[Array, "rows columns 2"], point: Points, within: Within = "homography"
) -> Points:
    """Return how far from each output point the input is looked up.

    Exactly 0 where no vertex moves: nothing of it is a difference of positions. Beyond the grid its
    outermost cells extrapolate.

    Args:
        vertex: displacements (x, y) of the vertices.
        point: output points (x, y).
        within: a homography; or bilinear, which is cheaper, has no pole, and along the sides of
            cells is what it is in their neighbours, as homographies are not.
    """
    side, place, corner = _cell(vertex, point)
    right, down = place[:, :1], place[:, 1:]
    first, across, below, both = corner
    moved = first + (across - first) * right + (below - first) * down
    if within == "bilinear":
        return moved + (first - across - below + both) * right * down
    g, h = _tilt(side, *corner)
    to_across = jnp.concatenate([1.0 - right, -down], -1) * side + across
    to_below = jnp.concatenate([-right, 1.0 - down], -1) * side + below
    return (moved + g * right * to_across + h * down * to_below) / (1.0 + g * right + h * down)


def _cell(
    vertex: Float[Array, "rows columns 2"], point: Points
) -> tuple[Points, Points, list[Points]]:
    """Return the sides of cells, the points' places in theirs, and its corners' displacements."""
    counts = jnp.asarray([vertex.shape[1] - 1, vertex.shape[0] - 1])
    counts = jnp.broadcast_to(counts, point.shape)
    scaled = (point + 1.0) * (0.5 * counts)
    cell = jnp.clip(jnp.floor(scaled).astype(jnp.int32), 0, counts - 1)
    column, row = cell[:, 0], cell[:, 1]
    corners = [vertex[row + down, column + right] for down in (0, 1) for right in (0, 1)]
    return 2.0 / counts, scaled - cell, corners


def _tilt(
    side: Points, first: Points, across: Points, below: Points, both: Points
) -> tuple[Float[Array, "point 1"], Float[Array, "point 1"]]:
    """Return the homography's last row but for its 1, for a cell's places in [0, 1].

    Heckbert, "Fundamentals of texture mapping and image warping", 1989: a unit square onto four
    points.
    """
    twist = first - across - below + both
    up = across - both - side * jnp.broadcast_to(jnp.asarray([0.0, 1.0]), side.shape)
    left = below - both - side * jnp.broadcast_to(jnp.asarray([1.0, 0.0]), side.shape)
    area = _cross(up, left)
    return _cross(twist, left) / area, _cross(up, twist) / area


def _cross(a: Points, b: Points) -> Float[Array, "point 1"]:
    return a[:, :1] * b[:, 1:] - a[:, 1:] * b[:, :1]


def pixel_centres(size: tuple[int, int]) -> Float[Array, "height width 2"]:
    """Return the points of all pixels of a width and height."""
    x, y = ((2.0 * jnp.arange(length) + 1.0) / length - 1.0 for length in size)
    return jnp.stack(jnp.meshgrid(x, y), axis=-1).astype(jnp.float32)


def warp(
    image: Float[Array, "height width"],
    vertex: Float[Array, "rows columns 2"],
    within: Within = "homography",
) -> Warped:
    """Warp a grey picture; the same picture, bit for bit, where no vertex moves.

    Args:
        image: grey.
        vertex: displacements of the vertices.
        within: see `displacements`.

    Returns:
        The picture, its edge pixels repeated where black; and the mask, 1 where the place that is
        looked up lies beyond the picture's edges.
    """
    height, width = image.shape
    point = pixel_centres((width, height))
    moved = displacements(vertex, point.reshape(-1, 2), within).reshape(point.shape)
    black = (jnp.abs(point + moved) > 1.0).any(-1).astype(image.dtype)
    return Warped(sample(image, moved), black)


def sample(
    image: Float[Array, "height width"], displacement: Float[Array, "height width 2"]
) -> Float[Array, "height width"]:
    """Sample an image bilinearly, so far from each of its pixels; its edge pixels are repeated.

    Args:
        image: grey.
        displacement: (x, y), where 2 is the width and the height.
    """
    height, width = image.shape
    x = jnp.broadcast_to(jnp.arange(width, dtype=jnp.float32), image.shape)
    y = jnp.broadcast_to(jnp.arange(height, dtype=jnp.float32)[:, None], image.shape)
    x = jnp.clip(x + displacement[..., 0] * (0.5 * width), 0.0, width - 1.0)
    y = jnp.clip(y + displacement[..., 1] * (0.5 * height), 0.0, height - 1.0)
    left = jnp.clip(jnp.floor(x).astype(jnp.int32), 0, max(width - 2, 0))
    above = jnp.clip(jnp.floor(y).astype(jnp.int32), 0, max(height - 2, 0))
    right, below = jnp.minimum(left + 1, width - 1), jnp.minimum(above + 1, height - 1)
    to_right, to_below = x - left, y - above
    upper = image[above, left] * (1.0 - to_right) + image[above, right] * to_right
    lower = image[below, left] * (1.0 - to_right) + image[below, right] * to_right
    return upper * (1.0 - to_below) + lower * to_below
