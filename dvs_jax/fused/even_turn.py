"""The camera's even turn, which is taken out of what a network sees, so that it cannot lag behind.

A network that learns from data follows a pan with some lag, which differs by axis and by speed, and
drifts where the camera rests. So it works in a frame that turns as evenly as the camera does in
the mean, where an even turn is rest; its output is turned back; and it is led back to the middle of
the real poses around it. All of it is causal up to the network's look-ahead, with a fixed state.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.fused.architecture import SAMPLE_INTERVAL_NS

STAGES = 3
"""First-order low passes in a row: steep, so that shake does not turn the frame."""

MEMORY_S = 0.25
"""Time constant in seconds of each low pass."""

RETURN_S = 2 / 3
"""Time constant in seconds with which the virtual camera is led back to the real one."""

_INTERVAL_S = SAMPLE_INTERVAL_NS * 1e-9

EvenTurn = Float[Array, "stage 3"]
"""Angular velocity after each low pass, rad/s about the camera's axes; the last is the even turn's.
"""


def begin(real: Float[Array, "window 4"]) -> EvenTurn:
    """Return the state before a clip: the turn around its beginning.

    Args:
        real: the real poses every 40 ms, as many before a step's time as after it, relative to any
            one of them, [x, y, z, w].
    """
    return jnp.broadcast_to(_rate(real)[None], (STAGES, 3))


def follow(
    turn: EvenTurn, real: Float[Array, "window 4"], interval_s: Float[Array, ""]
) -> EvenTurn:
    """Return the state after a step.

    Args:
        turn: the state after the step before.
        real: as for `begin`, around this step's time.
        interval_s: seconds since the step before.
    """
    share = 1.0 - jnp.exp(-interval_s / MEMORY_S)
    passed, stages = _rate(real), []
    for before in turn:
        passed = before + share * (passed - before)
        stages.append(passed)
    return jnp.stack(stages)


def turned(turn: EvenTurn, seconds: Float[Array, "time"]) -> Float[Array, "time 4"]:
    """Return the even turn's rotations over times in seconds, [x, y, z, w]."""
    return quaternion.from_rotation_vector(seconds[:, None] * turn[-1:])


def led_back(
    pose: Float[Array, "4"], real: Float[Array, "window 4"], interval_s: Float[Array, ""]
) -> Float[Array, "4"]:
    """Return a virtual pose nearer to the middle of the real ones: shake is not led back to.

    Args:
        pose: the virtual pose, [x, y, z, w], in the evenly turning frame.
        real: the real poses around the same time, in the same frame.
        interval_s: seconds since the step before.
    """
    weight = _weight(len(real))
    mean = (weight[:, None] * quaternion.to_rotation_vector(real)).sum(axis=0) / weight.sum()
    middle = quaternion.from_rotation_vector(mean)
    away = quaternion.to_rotation_vector(quaternion.multiply(pose, quaternion.conjugate(middle)))
    kept = jnp.exp(-interval_s / RETURN_S)
    return quaternion.multiply(quaternion.from_rotation_vector(kept * away), middle)


def _rate(real: Float[Array, "window 4"]) -> Float[Array, "3"]:
    """Return the slope of the straight line through the poses, rad/s."""
    side = len(real) // 2
    step = jnp.arange(-side, side + 1, dtype=jnp.float32)
    share = _weight(len(real)) * step
    slope = (share[:, None] * quaternion.to_rotation_vector(real)).sum(axis=0)
    return slope / (share * step).sum() / _INTERVAL_S


def _weight(count: int) -> Float[Array, "window"]:
    """Return a Hann window, which lets hardly any shake through."""
    side = count // 2
    step = jnp.arange(-side, side + 1, dtype=jnp.float32)
    return jnp.square(jnp.cos(step / (side + 1) * (jnp.pi / 2)))
