"""The training objective: runs the network on a window of a clip and sums its losses."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from dvs_jax import quaternion
from dvs_jax.fused import features, losses, rollout
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.losses import Course, Moment
from dvs_jax.fused.network import Core, FlowEncoder, FusedNetwork
from dvs_jax.fused.rollout import RolloutState, StepFeatures, StepOutput
from dvs_jax.fused.turn import TurnEncoder
from dvs_jax.fused.window import Window


class Feeding(NamedTuple):
    """How a rollout is run and differentiated in training.

    Attributes:
        ring: how many virtual poses to keep.
        displacement: the largest initial offset of the virtual from the real pose: each of x, y and
            z of a quaternion whose w is 1 (0.06 in DVS).
        gradient_through_poses: whether the gradient flows through the virtual poses fed back.
        truncate_steps: steps of truncated back-propagation through time; 0 for all steps.
        strengths: range of the random strength (see `StepFeatures`) of each window, log-uniform:
            as if cameras shook more or less.
        recompute: whether the backward pass recomputes activations (checkpointing) instead of
            storing them.
        bfloat16: whether the network computes in bfloat16; poses and losses stay float32.
    """

    ring: int = 8
    displacement: float = 0.06
    gradient_through_poses: bool = True
    truncate_steps: int = 0
    strengths: tuple[float, float] = (1.0, 1.0)
    recompute: bool = False
    bfloat16: bool = False


def window_loss(
    graph: nnx.GraphDef[FusedNetwork],
    feeding: Feeding,
    params: nnx.State,
    window: Window,
    key: Key[Array, ""],
    weights: Mapping[str, Float[Array, ""]],
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """Return the weighted sum of the terms, and each term, of one window.

    Args:
        graph: the network without its weights.
        feeding: how the rollout is run.
        params: the weights, float32.
        window: the sample, on the device.
        key: random key for the strength and the initial offset.
        weights: of the terms by name (see `losses`); terms that are not named are not computed.

    Returns:
        The loss, and the terms by name without their weights, each the mean over the steps.
    """
    if feeding.bfloat16:
        params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), params)
    network = nnx.merge(graph, params)
    for_strength, for_offset = jax.random.split(key)
    steps = _strengthened(feeding, window.poses, for_strength)
    flow = _as_read(window, network.architecture)
    if network.encoder is not None:
        focal = jnp.asarray(window.focal)
        steps = steps._replace(flow=_encoded(network.encoder, flow, focal, steps.strength))
    bound = feeding.displacement
    offset = jax.random.uniform(for_offset, (3,), minval=-bound, maxval=bound)
    first = jax.tree.map(lambda array: array[0], steps)
    state = rollout.displaced_state(network.core, feeding.ring, first, offset)
    before = state.pose[0]
    outputs = _rollout(network.core, feeding, rollout.begin(network.core, state, first), steps)
    of_a_step = losses.OFFICIAL_STEP_TERMS if network.architecture.official else losses.STEP_TERMS
    moments = _moments(window, flow, steps, before, outputs)
    course = _course(window, steps, before, outputs)
    terms = {
        name: jax.vmap(of_a_step[name])(moments).mean() for name in weights if name in of_a_step
    }
    terms |= {
        name: losses.PATH_TERMS[name](course) for name in weights if name in losses.PATH_TERMS
    }
    return sum((weights[name] * term for name, term in terms.items()), jnp.zeros(())), terms


def _strengthened(feeding: Feeding, poses: StepFeatures, key: Key[Array, ""]) -> StepFeatures:
    low, high = feeding.strengths
    if low == high == 1.0:
        return poses
    strength = jnp.exp(jax.random.uniform(key, (), minval=jnp.log(low), maxval=jnp.log(high)))
    vector = quaternion.to_rotation_vector(poses.real) / strength
    return poses._replace(
        real=quaternion.from_rotation_vector(vector), strength=strength * poses.strength
    )


def _as_read(window: Window, architecture: Architecture) -> Float[Array, "step height width 4"]:
    flow, lens_shift = jnp.asarray(window.flow), jnp.asarray(window.lens_shift)
    return jnp.asarray(features.as_read(flow, lens_shift, architecture))


def _encoded(
    encoder: FlowEncoder | TurnEncoder,
    flow: Float[Array, "step height width 4"],
    focal: Float[Array, "2"],
    strength: Float[Array, "step"],
) -> Float[Array, "step feature"]:
    if isinstance(encoder, FlowEncoder):
        flow = flow / strength[:, None, None, None]
    return jax.vmap(encoder, in_axes=(0, None))(flow, focal).astype(jnp.float32)


def _rollout(core: Core, feeding: Feeding, state: RolloutState, steps: StepFeatures) -> StepOutput:
    count = len(steps.interval_s)
    every = feeding.truncate_steps or count

    def advance(
        state: RolloutState, entry: tuple[StepFeatures, Array]
    ) -> tuple[RolloutState, StepOutput]:
        seen, number = entry
        cut = (number > 0) & (number % every == 0)
        state, output = rollout.step(core, _cut_off(state, cut), seen, True)
        if not feeding.gradient_through_poses:
            state = state._replace(pose=jax.lax.stop_gradient(state.pose))
        return state, output

    body = jax.checkpoint(advance) if feeding.recompute else advance
    return jax.lax.scan(body, state, (steps, jnp.arange(count)))[1]


def _cut_off(state: RolloutState, here: Array) -> RolloutState:
    """Return the state, with the gradient stopped if back-propagation is truncated here."""
    return jax.tree.map(lambda leaf: jnp.where(here, jax.lax.stop_gradient(leaf), leaf), state)


def _moments(
    window: Window,
    flow: Float[Array, "step height width 4"],
    steps: StepFeatures,
    before: Float[Array, "4"],
    outputs: StepOutput,
) -> Moment:
    """Return all steps as the losses read them, stacked."""
    count = len(outputs.turn)
    real = rollout.scale_rotation(steps.real, steps.strength)
    return Moment(
        turn=outputs.turn,
        virtual=outputs.virtual,
        real=real,
        anchor=jnp.asarray(steps.anchor),
        camera_pose=jnp.stack([window.camera_pose[:-1], window.camera_pose[1:]], axis=1),
        previous_pose=jnp.concatenate([before[None], outputs.pose[:-1]]),
        flow=flow,
        focal=jnp.broadcast_to(window.focal, (count, 2)),
    )


def _course(
    window: Window,
    steps: StepFeatures,
    before: Float[Array, "4"],
    outputs: StepOutput,
) -> Course:
    """Return the path as a whole.

    The visible orientation of the output is the virtual pose if the log is right; an error of the
    logged pose appears in the output.
    """
    pose = jnp.concatenate([before[None], outputs.pose])
    turned = quaternion.multiply(pose, quaternion.conjugate(jnp.asarray(window.camera_pose)))
    true_pose = jnp.asarray(window.true_pose)
    turn = quaternion.multiply(true_pose[1:], quaternion.conjugate(true_pose[:-1]))
    return Course(
        seen=quaternion.multiply(turned, true_pose),
        turned=turned[1:],
        interval_s=jnp.asarray(steps.interval_s),
        true_turn=quaternion.to_rotation_vector(turn),
        camera_turn=outputs.camera_turn,
        strength=steps.strength[0],
    )
