"""The similarity that most of a picture's flow agrees with, differentiable by each cell's weight.

Least squares, reweighted by Geman and McClure's function, whose scale shrinks from round to round
(Blake and Zisserman, "Visual Reconstruction", 1987: graduated non-convexity). What moves by itself
counts less each time.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_PIXEL = 2.0 / 128.0
"""A pixel of a picture 128 wide, as lengths are told here: in halves of the width."""
_SCALES = tuple(_PIXEL * scale for scale in (2.0, 1.0, 0.5, 0.3, 0.2, 0.15, 0.15, 0.15))
_LEAST = 1e-6
"""Added to what is divided by: a picture that nothing is known of has not moved."""

Points = Float[Array, "cell 2"]
Similarity = Float[Array, "4"]


def fit(place: Points, flow: Points, weight: Float[Array, "cell"]) -> Similarity:
    """Return the zoom, turn and shift (x, y) that most of a flow agrees with.

    What is at p in the frame before is at (1 + zoom) p + turn (−p.y, p.x) + shift; both are small.

    Args:
        place: (x, y) from the picture's middle, in halves of its width, y downwards.
        flow: by how much what is seen there has moved, likewise.
        weight: how much each counts, at least 0.
    """
    found = _least_squares(place, flow, weight)
    for scale in _SCALES:
        squared = ((flow - moved(place, found)) ** 2).sum(axis=-1)
        found = _least_squares(place, flow, weight / (1.0 + squared / scale**2) ** 2)
    return found


def moved(place: Points, motion: Similarity) -> Points:
    """Return the flow of a similarity, see `fit`."""
    zoom, turn, right, down = motion
    x, y = place[:, 0], place[:, 1]
    return jnp.stack([zoom * x - turn * y + right, zoom * y + turn * x + down], axis=-1)


def _least_squares(place: Points, flow: Points, weight: Float[Array, "cell"]) -> Similarity:
    share = weight / (weight.sum() + _LEAST)
    middle, mean = share @ place, share @ flow
    x, y = (place - jnp.broadcast_to(middle, place.shape)).T
    spread = share @ (x**2 + y**2) + _LEAST
    zoom = share @ (x * flow[:, 0] + y * flow[:, 1]) / spread
    turn = share @ (x * flow[:, 1] - y * flow[:, 0]) / spread
    right = mean[0] - zoom * middle[0] + turn * middle[1]
    down = mean[1] - zoom * middle[1] - turn * middle[0]
    return jnp.stack([zoom, turn, right, down])


def centres(rows: int, columns: int) -> Float[np.ndarray, "cell 2"]:
    """Return the middles (x, y) of equally large cells, row by row, from edge to edge −1 to 1."""
    x, y = ((2.0 * np.arange(count) + 1.0) / count - 1.0 for count in (columns, rows))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
