"""The rollout: virtual poses one after another, each fed back to the network (specs §4, §6).

Single-clip functions; `jax.vmap` makes batches. The state is explicit, so the same step serves the
scan over a clip and a camera that delivers frame by frame. Both are inference: turns are shrunk
softly, as they are not in training.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dvs_jax import quaternion
from dvs_jax.fused.architecture import REAL_POSES_EACH_SIDE, SAMPLE_INTERVAL_NS, VIRTUAL_POSES
from dvs_jax.fused.network import Core, LstmState

SOFTSHRINK = 0.0006
"""Turns smaller than this (in the quaternion's x, y, z) are taken as standing still."""

VIRTUAL_AGES_S = tuple(steps * SAMPLE_INTERVAL_NS * 1e-9 for steps in range(VIRTUAL_POSES, 0, -1))
"""How long ago the virtual poses of the input were, oldest first."""

_EMPTY_AGE_S = 1e6


class StepFeatures(NamedTuple):
    """What one step needs besides its state: NumPy arrays on the host, JAX's on the device.

    Attributes:
        real: float32 [21, 4], the camera's poses at t − 400 ms … t + 400 ms every 40 ms, relative
            to the anchor: q_real ⊗ anchor⁻¹.
        anchor: float32 [4], the camera's pose at t − 40 ms, world to camera.
        interval_s: float32 [], seconds since the previous step.
        flow: float32 [64], encoded flow, or [0] for a network without flow.
    """

    real: Float[quaternion.Array, "window 4"]
    anchor: Float[quaternion.Array, "4"]
    interval_s: Float[quaternion.Array, ""]
    flow: Float[quaternion.Array, "feature"]


class RolloutState(NamedTuple):
    """What one step leaves to the next.

    Ages count from the latest step, so their precision does not fade as a clip grows long.

    Attributes:
        lstm: the network's recurrent state.
        pose: float32 [ring, 4], the latest virtual poses, newest first, world to camera.
        age_s: float32 [ring], seconds from each pose to the latest step; huge where there is none.
    """

    lstm: LstmState
    pose: Float[Array, "ring 4"]
    age_s: Float[Array, "ring"]


class StepOutput(NamedTuple):
    """What one step finds.

    Attributes:
        pose: float32 [4], the new virtual pose, world to camera.
        turn: float32 [4], Δq as the network gave it, before soft shrinkage.
        virtual: float32 [2, 4], the virtual poses fed in, relative to the anchor, oldest first.
    """

    pose: Float[Array, "4"]
    turn: Float[Array, "4"]
    virtual: Float[Array, "2 4"]


def initial_state(core: Core, ring: int) -> RolloutState:
    """Return the state before a clip: no virtual pose yet.

    Args:
        core: the network.
        ring: how many virtual poses to remember; `features.ring_size` tells how many it takes.
    """
    pose = jnp.broadcast_to(jnp.asarray([0.0, 0.0, 0.0, 1.0]), (ring, 4))
    return RolloutState(core.initial_state(), pose, jnp.full((ring,), _EMPTY_AGE_S))


def begin(core: Core, ring: int, first: StepFeatures) -> RolloutState:
    """Return the state with which a clip's first step is entered.

    The first step of every clip is run twice with the same input: the network's state advances,
    the pose is dropped.
    """
    state = initial_state(core, ring)
    lstm, _ = core(state.lstm, _input_vector(first, _virtual_input(core, state, first)))
    return state._replace(lstm=lstm)


def step(
    core: Core, state: RolloutState, features: StepFeatures
) -> tuple[RolloutState, StepOutput]:
    """Predict one virtual pose."""
    aged = state._replace(age_s=state.age_s + features.interval_s)
    virtual = _virtual_input(core, aged, features)
    lstm, turn = core(aged.lstm, _input_vector(features, virtual))
    latest = quaternion.multiply(virtual[-1], features.anchor)
    pose = quaternion.multiply(_soft_shrink(turn), latest)
    remembered = RolloutState(
        lstm,
        jnp.concatenate([pose[None], aged.pose[:-1]]),
        jnp.concatenate([jnp.zeros(1), aged.age_s[:-1]]),
    )
    return remembered, StepOutput(pose, turn, virtual)


def rollout(core: Core, ring: int, features: StepFeatures) -> StepOutput:
    """Predict a whole clip's virtual poses in one scan.

    Args:
        core: the network.
        ring: how many virtual poses to remember.
        features: stacked along a leading axis, one entry a step. Steps after a clip's end (padding
            in a batch) change nothing before them.

    Returns:
        Outputs stacked likewise.
    """
    first = jax.tree.map(lambda array: array[0], features)
    state = begin(core, ring, first)
    return jax.lax.scan(lambda carry, entry: step(core, carry, entry), state, features)[1]


def _input_vector(features: StepFeatures, virtual: Float[Array, "2 4"]) -> Float[Array, "input"]:
    return jnp.concatenate([features.real.reshape(-1), virtual.reshape(-1), features.flow])


def _virtual_input(core: Core, state: RolloutState, features: StepFeatures) -> Float[Array, "2 4"]:
    """Return the virtual poses 80 and 40 ms ago, relative to the anchor; real ones before them."""
    to_anchor = quaternion.conjugate(features.anchor)
    poses = []
    for steps, age in zip(range(VIRTUAL_POSES, 0, -1), VIRTUAL_AGES_S, strict=True):
        known, pose = _pose_ago(state, age, core.architecture.official)
        real = features.real[REAL_POSES_EACH_SIDE - steps]
        poses.append(jnp.where(known, quaternion.multiply(pose, to_anchor), real))
    return jnp.stack(poses)


def _pose_ago(
    state: RolloutState, age_s: float, official: bool
) -> tuple[Bool[Array, ""], Float[Array, "4"]]:
    """Return the virtual pose `age_s` ago and whether it counts as known.

    Between poses it is their slerp. After the newest one (frames more than 40 ms apart) it is the
    newest. The official program takes the real pose there, which lets the camera's shake through
    at 24 frames/s and less; its own weights are run as it runs them.
    """
    reaches = (state.age_s >= age_s) & (state.age_s < _EMPTY_AGE_S / 2)
    older = jnp.argmax(reaches)
    newer = jnp.maximum(older - 1, 0)
    span = state.age_s[older] - state.age_s[newer]
    ratio = (state.age_s[older] - age_s) / jnp.where(span > 0.0, span, 1.0)
    ratio = jnp.where(span > 0.0, ratio, 0.0)
    known = reaches.any() & (state.age_s[0] <= age_s if official else True)
    return known, quaternion.slerp(state.pose[older], state.pose[newer], ratio)


def _soft_shrink(turn: Float[Array, "4"]) -> Float[Array, "4"]:
    vector = turn[:3]
    shrunk = jnp.sign(vector) * jnp.maximum(jnp.abs(vector) - SOFTSHRINK, 0.0)
    return quaternion.normalize(jnp.concatenate([shrunk, turn[3:]]))
