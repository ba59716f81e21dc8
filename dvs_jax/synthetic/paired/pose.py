"""Where a frame looks in a flat scene, and where its points lie in another frame.

A pose is float32 [6]: x and y of the frame's centre in the scene, roll in radians (clockwise), the
logarithm of the zoom, and the tilts: how much farther away the scene is, as a share, at the middle
of the right edge than at the centre, and as far below the centre. Lengths are in pixels of a frame
that is 640 wide, x to the right and y down, whatever size is drawn.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

WIDTH = 640.0
"""What a frame's width is in a scene's unit of length."""
TERMS = 6
"""Of a pose."""


def matrix(pose: Float[Array, "6"]) -> Float[Array, "3 3"]:
    """Return the homography from a frame's points, about its centre, to the scene's."""
    x, y, roll, zoom, tilt_x, tilt_y = pose
    size = jnp.exp(-zoom)
    cos, sin, zero, one = size * jnp.cos(roll), size * jnp.sin(roll), 0.0 * x, 1.0 + 0.0 * x
    similarity = jnp.stack([cos, -sin, x, sin, cos, y, zero, zero, one]).reshape(3, 3)
    return similarity @ _tilting(2.0 * tilt_x / WIDTH, 2.0 * tilt_y / WIDTH)


def inverse(pose: Float[Array, "6"]) -> Float[Array, "3 3"]:
    """Return the homography from the scene's points to a frame's; see `matrix`."""
    x, y, roll, zoom, tilt_x, tilt_y = pose
    size, zero, one = jnp.exp(zoom), 0.0 * x, 1.0 + 0.0 * x
    cos, sin = size * jnp.cos(roll), size * jnp.sin(roll)
    across, down = -(cos * x + sin * y), sin * x - cos * y
    similarity = jnp.stack([cos, sin, across, -sin, cos, down, zero, zero, one]).reshape(3, 3)
    return _tilting(-2.0 * tilt_x / WIDTH, -2.0 * tilt_y / WIDTH) @ similarity


def _tilting(tilt_x: Float[Array, ""], tilt_y: Float[Array, ""]) -> Float[Array, "3 3"]:
    return jnp.eye(3).at[2, 0].set(tilt_x).at[2, 1].set(tilt_y)


def moved(
    points: Float[Array, "*points 2"], from_pose: Float[Array, "6"], to_pose: Float[Array, "6"]
) -> Float[Array, "*points 2"]:
    """Return where one frame's points lie in another frame of the same moment.

    Args:
        points: float32 (x, y) about the first frame's centre, in pixels of a 640 wide frame.
        from_pose: of the frame that the points are in.
        to_pose: of the frame that they are sought in.
    """
    between = inverse(to_pose) @ matrix(from_pose)
    flat = points.reshape(-1, 2)
    x, y, w = between[:, :2] @ flat.T + between[:, 2:]
    return jnp.stack([x / w, y / w], axis=-1).reshape(points.shape)


def lattice(rows: int, columns: int, size: tuple[int, int]) -> Float[Array, "rows columns 2"]:
    """Return regularly spaced points (x, y), the first and the last on a frame's edges.

    They are about the frame's centre, in pixels of a 640 wide frame.

    Args:
        rows: how many points lie below one another, at least 2.
        columns: likewise side by side.
        size: the frame's width and height, of which the ratio alone matters.
    """
    x = jnp.linspace(-WIDTH / 2, WIDTH / 2, columns)
    y = jnp.linspace(-WIDTH / 2, WIDTH / 2, rows) * (size[1] / size[0])
    return jnp.stack(jnp.meshgrid(x, y), axis=-1)


def vertices(
    source: Float[Array, "6"], output: Float[Array, "6"], size: tuple[int, int]
) -> Float[Array, "5 5 2"]:
    """Return the true vertices: where the output's 5 × 5 grid points lie in the source.

    It is exact for all that is infinitely far away, and for everything if both frames are of the
    same moment.

    Args:
        source: pose of the frame to take the picture from, the shaky one.
        output: pose of the frame to make of it, the steady one.
        size: width and height of both, of which the ratio alone matters.

    Returns:
        float32 (x, y) from −1 at the source's left and upper edges to 1 at the right and lower.
    """
    half = jnp.asarray([WIDTH / 2, WIDTH / 2 * size[1] / size[0]], jnp.float32)
    points = moved(lattice(5, 5, size), output, source)
    return points / jnp.broadcast_to(half, points.shape)
