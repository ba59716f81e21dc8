"""The path that a shaky camera should have taken: smoothed without delay, within the crop."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from dvs_jax.stabgan.affine_warp import applied
from dvs_jax.stabgan.pose_motion import affine_between

DEVIATION_S = 0.5
"""Of the Gaussian by which it is smoothed."""

_GIVING_WAY = 8
"""Frames on either side over which the path gives way to the crop."""


def steadied(
    pose: Float[Array, "frame 6"], rate: float, crop: float, size: tuple[int, int]
) -> Float[Array, "frame 6"]:
    """Return the poses of a steady camera that looks where the shaky one does.

    Args:
        pose: of the shaky camera, see `synthetic.paired.pose`.
        rate: frames per second.
        crop: the most that is cut off at each side, as a share of width and height; what is left
            shows the shaky frame everywhere.
        size: width and height, of which the ratio alone matters.
    """
    smooth = jnp.asarray(_smoothing(len(pose), rate)) @ pose
    wanted = jax.vmap(lambda output, source: affine_between(output, source, size))(smooth, pose)
    share = _given_way(jax.vmap(lambda theta: _covered_share(theta, crop))(wanted))
    return pose + jnp.broadcast_to(share[:, None], pose.shape) * (smooth - pose)


def _smoothing(frames: int, rate: float) -> Float[np.ndarray, "smooth frame"]:
    """Return the weights of lines fitted around each frame, by a Gaussian of what is near.

    Inside that is the Gaussian's mean; at the ends it lags behind no pan.
    """
    away = np.subtract.outer(np.arange(frames), np.arange(frames)) / (DEVIATION_S * rate)
    weight = np.exp(-0.5 * away**2)
    first, second = ((weight * away**power).sum(axis=1, keepdims=True) for power in (1, 2))
    line = weight * (second - first * away)
    return (line / line.sum(axis=1, keepdims=True)).astype(np.float32)


def _covered_share(theta: Float[Array, "2 3"], crop: float) -> Float[Array, ""]:
    """Return the largest share of a correction that keeps what is left of the crop covered."""
    side = 1.0 - 2.0 * crop
    x, y = jnp.asarray([-side, side, -side, side]), jnp.asarray([-side, -side, side, side])
    beyond = (jnp.abs(applied(theta, x, y)) - side).max()
    return jnp.minimum(1.0, 2.0 * crop / jnp.maximum(beyond, 1e-6))


def _given_way(share: Float[Array, "frame"]) -> Float[Array, "frame"]:
    """Return shares that change slowly and are nowhere larger."""
    width = 2 * _GIVING_WAY + 1
    least = lax.reduce_window(share, jnp.inf, lax.min, (width,), (1,), "SAME")
    around = jnp.pad(least, _GIVING_WAY, "edge")
    return jnp.convolve(around, jnp.full(width, 1.0 / width), "valid")
