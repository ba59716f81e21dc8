"""A network's answer less that to the mirrored camera: none at rest, and opposite for opposites.

A network that is trained on data turns a little even where nothing moves, and never by exactly the
opposite where the camera does the opposite. Half the difference of its answers to the poses and to
their inverses has neither fault.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.fused.network import Core, LstmStates

MEMORY_S = 1.0
"""Time constant in seconds with which the two recurrent states approach their mean.

At rest a recurrent state may stay where motion has left it; the two answers would go on differing.
"""


def initial_state(core: Core) -> LstmStates:
    """Return the two recurrent states before a clip, stacked along a leading axis."""
    return jax.tree.map(lambda zeros: jnp.stack([zeros, zeros]), core.initial_state())


def turn(
    core: Core, states: LstmStates, poses: Float[Array, "pose 4"], interval_s: Float[Array, ""]
) -> tuple[LstmStates, Float[Array, "4"]]:
    """Advance one time step.

    Args:
        core: a network that reads poses alone.
        states: after the previous step, on the poses and on their inverses.
        poses: float32 [x, y, z, w], its input.
        interval_s: seconds since the previous step.

    Returns:
        The new states and the rotation Δq, [x, y, z, w], unit norm, float32.
    """
    both = jnp.stack([poses, quaternion.conjugate(poses)]).reshape(2, -1)
    states, turns = jax.vmap(core)(states, both)
    ahead, back = quaternion.to_rotation_vector(turns)
    kept = jnp.exp(-interval_s / MEMORY_S)
    return _approached(states, kept), quaternion.from_rotation_vector((ahead - back) / 2.0)


def _approached(states: LstmStates, kept: Float[Array, ""]) -> LstmStates:
    def approached(each: Float[Array, "2 hidden"]) -> Float[Array, "2 hidden"]:
        mean = each.mean(axis=0, keepdims=True)
        return mean + kept.astype(each.dtype) * (each - mean)

    return jax.tree.map(approached, states)
