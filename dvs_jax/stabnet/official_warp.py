"""The official warp: a grid of 4 × 4 homographies, with the released program's peculiarities.

Positions lie in [−1, 1] from edge to edge of the picture, x to the right and y down. The grid
places pixel c at −1 + 2c / (W − 1), while sampling reads position x at pixel (x + 1)·W / 2: the
identity enlarges the picture by W / (W − 1). `cells` does without. All functions take one frame;
`vmap` them for more.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

CELLS = 4
"""Cells along each side."""

FURTHEST = 1.25
"""Vertices are clipped to ± this much."""

_RIDGE, _LEAST_DEPTH = 1e-4, 1e-8


class Warped(NamedTuple):
    """A warped picture.

    Attributes:
        image: [height, width], 0 beyond the last row and column.
        black: [height, width], 1 where the position leaves [−1, 1], else 0.
    """

    image: Float[Array, "height width"]
    black: Float[Array, "height width"]


def regular_vertices() -> Float[np.ndarray, "5 5 2"]:
    """Return the output's grid points (x, y), by row and column, float32."""
    along = np.linspace(-1.0, 1.0, CELLS + 1)
    return np.stack(np.meshgrid(along, along), axis=-1).astype(np.float32)


def unclipped_vertices(theta: Float[Array, "50"]) -> Float[Array, "5 5 2"]:
    """Return where in the input each grid point of the output is taken from.

    Args:
        theta: the network's output, (x, y) of each vertex, row by row.
    """
    return theta.reshape(CELLS + 1, CELLS + 1, 2) + jnp.asarray(regular_vertices())


def vertices(theta: Float[Array, "50"]) -> Float[Array, "5 5 2"]:
    """Return `unclipped_vertices` clipped as the warp does."""
    return jnp.clip(unclipped_vertices(theta), -FURTHEST, FURTHEST)


def corners(vertex: Float[Array, "5 5 2"]) -> Float[Array, "4 4 4 2"]:
    """Return each cell's corners: upper left and right, lower left and right."""
    return jnp.stack([vertex[:-1, :-1], vertex[:-1, 1:], vertex[1:, :-1], vertex[1:, 1:]], axis=2)


def homographies(vertex: Float[Array, "5 5 2"]) -> Float[Array, "4 4 9"]:
    """Return each cell's homography from output to input, row by row, the last number 1.

    Its equations have 1e-4 added along their diagonal, which moves even the identity by as much.

    Args:
        vertex: as `vertices` returns it.
    """
    x, y = jnp.moveaxis(corners(jnp.asarray(regular_vertices())), -1, 0)
    u, v = jnp.moveaxis(corners(vertex), -1, 0)
    none, one = jnp.zeros_like(x), jnp.ones_like(x)
    across = jnp.stack([x, y, one, none, none, none, -x * u, -y * u], axis=-1)
    down = jnp.stack([none, none, none, x, y, one, -x * v, -y * v], axis=-1)
    matrix = jnp.concatenate([across, down], axis=-2)
    ridge = jnp.broadcast_to(_RIDGE * jnp.eye(8, dtype=matrix.dtype), matrix.shape)
    wanted = jnp.concatenate([u, v], axis=-1)
    solved = jnp.linalg.solve(matrix + ridge, wanted[..., None])[..., 0]
    return jnp.concatenate([solved, jnp.ones_like(solved[..., :1])], axis=-1)


def positions(
    homography: Float[Array, "4 4 9"],
    x: Float[Array, "column"],
    y: Float[Array, "row"],
    cell_x: np.ndarray,
    cell_y: np.ndarray,
) -> Float[Array, "row column 2"]:
    """Return the input's position for each pair of an output's y and x.

    Args:
        homography: of each cell.
        x: output positions.
        y: likewise.
        cell_x: int [column], the cell that each x lies in.
        cell_y: int [row], likewise.
    """
    h = jnp.moveaxis(homography[cell_y[:, None], cell_x[None, :]], -1, 0)
    x, y = jnp.broadcast_to(x[None, :], h.shape[1:]), jnp.broadcast_to(y[:, None], h.shape[1:])
    # Not as a product of matrices, which accelerators round to fewer bits.
    u, v, w = (h[i] * x + h[i + 1] * y + h[i + 2] for i in (0, 3, 6))
    w = w + jnp.where(w >= 0.0, _LEAST_DEPTH, -_LEAST_DEPTH)
    return jnp.stack([u / w, v / w], axis=-1)


def position_map(
    vertex: Float[Array, "5 5 2"], size: tuple[int, int]
) -> Float[Array, "height width 2"]:
    """Return the input's position for each pixel of the output.

    Args:
        vertex: as `vertices` returns it.
        size: width and height in pixels.
    """
    (x, cell_x), (y, cell_y) = (_pixels(length) for length in size)
    return positions(homographies(vertex), x, y, cell_x, cell_y)


def _pixels(length: int) -> tuple[Float[Array, "pixel"], np.ndarray]:
    """Return the positions of pixels along a side, and their cells."""
    cell = np.minimum(np.arange(length) // max(length // CELLS, 1), CELLS - 1)
    return jnp.linspace(-1.0, 1.0, length, dtype=jnp.float32), cell


def sample(
    image: Float[Array, "height width"], position: Float[Array, "row column 2"]
) -> Float[Array, "row column"]:
    """Sample an image bilinearly; the indices are clamped, the weights come from clamped ones.

    Beyond the last row and column both neighbours are the same pixel, with opposite weights: 0.

    Args:
        image: grey.
        position: in [−1, 1] within the image.
    """
    height, width = image.shape
    x, left, right = _neighbours(position[..., 0], width)
    y, above, below = _neighbours(position[..., 1], height)
    to_left, to_right = right - x, x - left
    upper = image[above, left] * to_left + image[above, right] * to_right
    lower = image[below, left] * to_left + image[below, right] * to_right
    return upper * (below - y) + lower * (y - above)


def _neighbours(
    position: Float[Array, "row column"], length: int
) -> tuple[Float[Array, "row column"], Array, Array]:
    pixel = (position + 1.0) * (length / 2.0)
    # A position without bounds would not fit an integer.
    first = jnp.clip(jnp.floor(pixel), -1.0, length).astype(jnp.int32)
    return pixel, jnp.clip(first, 0, length - 1), jnp.clip(first + 1, 0, length - 1)


def outside(position: Float[Array, "*place 2"]) -> Float[Array, "*place"]:
    """Return 1 where a position leaves the picture, else 0."""
    return (jnp.abs(position) > 1.0).any(-1).astype(jnp.float32)


def warp(image: Float[Array, "height width"], theta: Float[Array, "50"]) -> Warped:
    """Warp a grey picture by the network's output.

    Args:
        image: float32, in any range.
        theta: the network's output.
    """
    position = position_map(vertices(theta), (image.shape[1], image.shape[0]))
    return Warped(sample(image, position), outside(position))
