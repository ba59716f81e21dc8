"""Paths to train on: how cameras move, without pictures. They cost next to nothing.

From them the generator learns what the motion of all frames together means for each one's map.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from dvs_jax.stabgan import affine_warp
from dvs_jax.stabgan.pose_motion import affine_between
from dvs_jax.stabgan.steady_path import steadied
from dvs_jax.stabgan.takes import CROP, RATE, SIZE
from dvs_jax.synthetic import paired

_FLOW_SCALE = 5.0
"""From coordinates of −1 to 1 to `generator.generator_input`'s shares of the size times 10."""
_SHARE_WRONG, _LEAST_WRONG = 0.15, 0.1
"""Largest deviations of the flow: as a share of the path's movement, and in pixels."""


def draw(
    key: Key[Array, ""], frames: int
) -> tuple[Float[Array, "frame 4 4 2"], Float[Array, "frame 2 3"]]:
    """Draw a path: the flow in cells that it shows, a little wrong, and the maps that steady it."""
    moving, spoiling = jax.random.split(key)
    pose = paired.shaky_path(moving, frames, RATE).pose
    between = jax.vmap(lambda one, other: affine_between(one, other, SIZE))
    motion = between(jnp.concatenate([pose[:1], pose[:-1]]), pose)
    wanted = between(steadied(pose, RATE, CROP, SIZE), pose)
    return _spoiled(spoiling, in_cells(motion)), wanted


def in_cells(motion: Float[Array, "frame 2 3"]) -> Float[Array, "frame 4 4 2"]:
    """Return the flow in the middle of each cell, as `generator_input` tells it."""
    middle = (np.arange(4) - 1.5) / 2.0
    x, y = (jnp.asarray(each, jnp.float32) for each in np.meshgrid(middle, middle))
    there = jax.vmap(affine_warp.applied, (0, None, None))(motion, x, y)
    return _FLOW_SCALE * (there - jnp.broadcast_to(jnp.stack([x, y], -1), there.shape))


def _spoiled(key: Key[Array, ""], flow: Float[Array, "frame 4 4 2"]) -> Float[Array, "frame 4 4 2"]:
    amount, all_alike, each = jax.random.split(key, 3)
    pixel = 2.0 * _FLOW_SCALE / SIZE[0]
    size = _LEAST_WRONG * pixel + _SHARE_WRONG * jnp.sqrt((flow**2).mean())
    deviation = jax.random.uniform(amount) ** 2 * size
    error = jax.random.normal(each, flow.shape)
    error = error + 0.3 * jax.random.normal(all_alike, (len(flow), 1, 1, 2))
    return (flow + deviation * error).at[0].set(0.0)
