"""What camera poses (see `synthetic.paired.pose`) mean for affine maps and flow.

Affine maps are float32 [2, 3], in coordinates from −1 to 1 from edge to edge.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dvs_jax.synthetic import paired
from dvs_jax.synthetic.paired.pose import WIDTH

_ROWS, _COLUMNS = 5, 9


def affine_between(
    from_pose: Float[Array, "6"], to_pose: Float[Array, "6"], size: tuple[int, int]
) -> Float[Array, "2 3"]:
    """Return the affine map nearest to where one frame's points lie in another of the same moment.

    Nearest by least squares on 9 × 5 points over the whole frame.

    Args:
        from_pose: of the frame that the points are in.
        to_pose: of the frame that they are sought in.
        size: width and height of both, of which the ratio alone matters.
    """
    points = paired.lattice(_ROWS, _COLUMNS, size)
    half = jnp.asarray([WIDTH / 2, WIDTH / 2 * size[1] / size[0]], jnp.float32)
    found = paired.moved(points, from_pose, to_pose) / jnp.broadcast_to(half, points.shape)
    return found.reshape(-1, 2).T @ jnp.asarray(_SOLUTION)


def _solution() -> Float[np.ndarray, "point 3"]:
    """Return what the lattice's points are multiplied with to solve for an affine map."""
    x, y = np.meshgrid(np.linspace(-1.0, 1.0, _COLUMNS), np.linspace(-1.0, 1.0, _ROWS))
    known = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=-1)
    return np.linalg.pinv(known).T.astype(np.float32)


_SOLUTION = _solution()


def flow_between(
    before: Float[Array, "6"], now: Float[Array, "6"], size: tuple[int, int]
) -> Float[Array, "row column 2"]:
    """Return by how many pixels (x, y) the content of each pixel of a frame has moved.

    Args:
        before: pose of the frame whose pixels they are.
        now: pose of the frame after it.
        size: width and height in pixels.
    """
    unit = WIDTH / size[0]
    x, y = (unit * (np.arange(length) + 0.5 - length / 2) for length in size)
    points = jnp.asarray(np.stack(np.meshgrid(x, y), axis=-1), jnp.float32)
    return (paired.moved(points, before, now) - points) / unit
