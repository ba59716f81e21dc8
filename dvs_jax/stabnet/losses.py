"""StabNet's losses, each of one frame or of a pair; `vmap` them for more.

Wang et al., TIP 2019. Where the released program and this one differ, an argument tells. Vertices
and points lie in [−1, 1] from edge to edge of the picture. Pictures are grey in [−0.5, 0.5]; masks
are 1 where black, else 0.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from dvs_jax.stabnet import cells, official_warp
from dvs_jax.stabnet.official_warp import Warped

_FEW = 1e-8
"""Keeps quotients finite where everything is black."""

Vertices = Float[Array, "rows columns 2"]
Scalar = Float[Array, ""]

# Three corners, of upper left and right, lower left and right: each turn, and then each turn back.
_TURNS = np.array([(0, 1, 3), (1, 3, 2), (3, 2, 0), (2, 0, 1)])
_TURNS_BACK = np.array([(1, 0, 2), (0, 2, 3), (2, 3, 1), (3, 1, 0)])


def displacement_size(theta: Float[Array, "number"]) -> Scalar:
    """Return the mean size of the network's outputs: `theta` of the specification."""
    return jnp.abs(theta).mean()


def picture_difference(warped: Warped, steady: Float[Array, "height width"]) -> Scalar:
    """Return the mean squared difference from the steady frame, where the output is not black."""
    seen = 1.0 - warped.black
    difference = (warped.image - steady) * seen
    return (difference**2).sum() / (seen.sum() + _FEW)


def nearest_match_distance(
    position: Float[Array, "height width 2"],
    match: Float[Array, "match 4"],
    valid: Bool[Array, "match"],
) -> Scalar:
    """Return the mean distance of matches, along x plus along y, as officially.

    The map is read at the nearest pixel to (point + 1)/2 · (width, height).

    Args:
        position: the input's position of each output pixel (see `official_warp.position_map`).
        match: a point (x, y) of the steady frame, and the same one in the unsteady frame.
        valid: which of the matches count.
    """
    height, width = position.shape[:2]
    column, row = (
        jnp.clip(jnp.round((match[:, axis] + 1.0) / 2.0 * length), 0, length - 1).astype(int)
        for axis, length in ((0, width), (1, height))
    )
    return _match_distance(position[row, column], match, valid)


def match_distance(
    vertex: Vertices, match: Float[Array, "match 4"], valid: Bool[Array, "match"]
) -> Scalar:
    """Return the mean distance of matches, along x plus along y, mapped exactly.

    Args:
        vertex: displacements of the vertices (see `cells`).
        match: see `nearest_match_distance`.
        valid: likewise.
    """
    point = match[:, :2]
    return _match_distance(point + cells.displacements(vertex, point), match, valid)


def _match_distance(
    mapped: Float[Array, "match 2"], match: Float[Array, "match 4"], valid: Bool[Array, "match"]
) -> Scalar:
    distance = jnp.abs(mapped - match[:, 2:]).sum(-1)
    return jnp.where(valid, distance, 0.0).sum() / jnp.maximum(valid.sum(), 1)


def distortion(vertex: Vertices, aspect: float = 1.0) -> Scalar:
    """Return by how much cells are no similar figures of what they are where nothing moves.

    Each side of a cell, turned by a right angle and brought to the next one's length at rest,
    should be the next one; squared, and averaged over cells, corners, both turns, x and y.

    Args:
        vertex: positions of the vertices.
        aspect: height over width. Officially 1, which makes turning a wide picture cost something;
            with its own, similarities cost nothing.
    """
    rows, columns = vertex.shape[:2]
    corner = official_warp.corners(
        vertex * jnp.broadcast_to(jnp.asarray([1.0, aspect]), vertex.shape)
    )
    # Sides along a cell and down it take turns.
    taller = aspect * (columns - 1) / (rows - 1)
    found = [_misfit(corner, _TURNS, 1.0, taller), _misfit(corner, _TURNS_BACK, -1.0, taller)]
    return jnp.concatenate(found).mean()


def _misfit(
    corner: Float[Array, "row column corner 2"], triples: np.ndarray, sense: float, taller: float
) -> Float[Array, "number"]:
    a, b, c = (corner[:, :, triples[:, index]] for index in range(3))
    side, following = b - a, c - b
    longer = jnp.asarray([taller, 1.0 / taller] * 2)[:, None]
    turned = sense * jnp.stack([-side[..., 1], side[..., 0]], axis=-1)
    turned = turned * jnp.broadcast_to(longer, turned.shape)
    return ((turned - following) ** 2).reshape(-1)


def inconsistency(vertex: Vertices) -> Scalar:
    """Return the mean squared second difference of vertices along rows and along columns."""
    along = vertex[:, 2:] - 2.0 * vertex[:, 1:-1] + vertex[:, :-2]
    down = vertex[2:] - 2.0 * vertex[1:-1] + vertex[:-2]
    return (jnp.concatenate([along.reshape(-1), down.reshape(-1)]) ** 2).mean()


def overshoot(vertex: Vertices, furthest: float = official_warp.FURTHEST) -> Scalar:
    """Return the mean squared overshoot of the cells' corners beyond ± so much.

    Officially of clipped vertices, of which none is beyond; of unclipped ones it has a gradient.
    """
    beyond = jnp.maximum(jnp.abs(official_warp.corners(vertex)) - furthest, 0.0)
    return (beyond**2).mean()


def temporal_difference(
    earlier: Warped, later: Warped, flow: Float[Array, "height width 2"]
) -> Scalar:
    """Return the mean squared difference of an output from the next one, moved back onto it.

    As officially: what does not move lies at 2c/W − 1 for column c, which the sampler inverts.

    Args:
        earlier: the output of the frame before.
        later: the output of the frame.
        flow: of the steady video: the position in the later frame of each pixel of the earlier one.
    """
    image, seen = (official_warp.sample(each, flow) for each in (later.image, 1.0 - later.black))
    return _difference_moved(earlier, image, seen)


def temporal_difference_on_centres(
    earlier: Warped, later: Warped, displacement: Float[Array, "height width 2"]
) -> Scalar:
    """Return the same, on pixel centres.

    Args:
        earlier: the output of the frame before.
        later: the output of the frame.
        displacement: of the steady video: how far each pixel of the earlier frame has moved in the
            later one, where 2 is the width and the height.
    """
    height, width = earlier.image.shape
    moved = cells.pixel_centres((width, height)) + displacement
    inside = (jnp.abs(moved) <= 1.0).all(-1)
    image, seen = (cells.sample(each, displacement) for each in (later.image, 1.0 - later.black))
    return _difference_moved(earlier, image, seen * inside)


def _difference_moved(
    earlier: Warped, image: Float[Array, "height width"], seen: Float[Array, "height width"]
) -> Scalar:
    weight = (1.0 - earlier.black) * seen
    return (((earlier.image - image) * weight) ** 2).sum() / (weight.sum() + _FEW)


def vertex_distance(vertex: Vertices, wanted: Vertices, size: tuple[int, int]) -> Scalar:
    """Return the mean distance of vertices from the true ones, along x and along y, in pixels.

    Args:
        vertex: positions or displacements of the vertices, not clipped.
        wanted: the true ones.
        size: width and height in pixels.
    """
    half = jnp.broadcast_to(0.5 * jnp.asarray(size, vertex.dtype), vertex.shape)
    return (jnp.abs(vertex - wanted) * half).mean()
