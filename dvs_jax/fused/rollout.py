"""The rollout: virtual poses one after another, each fed back to the network as input.

As in DVS's `dvs/inference.py` and, in training, `dvs/train.py`.

Single-clip functions; `jax.vmap` makes batches. The state is explicit, so the same step serves the
scan over a clip, a camera that delivers frame by frame, and training.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dvs_jax import quaternion
from dvs_jax.fused import correction, even_turn, mirrored, reach
from dvs_jax.fused.architecture import REAL_POSES_EACH_SIDE, SAMPLE_INTERVAL_NS, VIRTUAL_POSES
from dvs_jax.fused.correction import Correction
from dvs_jax.fused.even_turn import EvenTurn
from dvs_jax.fused.network import Core, LstmStates

SOFTSHRINK = 0.0006
"""Threshold of the soft shrinkage of Δq's x, y and z: smaller rotations become the identity."""

VIRTUAL_AGES_S = tuple(steps * SAMPLE_INTERVAL_NS * 1e-9 for steps in range(VIRTUAL_POSES, 0, -1))
"""How long ago the virtual poses of the input were, oldest first."""

_EMPTY_AGE_S = 1e6

_STILL_AGES_S = tuple(steps * SAMPLE_INTERVAL_NS * 1e-9 for steps in (0.1, 1.1, 2.1))
_EVEN_AGES_S = tuple(steps * SAMPLE_INTERVAL_NS * 1e-9 for steps in (0, 1, 2))


class StepFeatures(NamedTuple):
    """Inputs of one step besides its state: NumPy arrays on the host, JAX arrays on the device.

    Attributes:
        real: float32 [window, 4], the real poses every 40 ms, as many before t as after it
            (21 for the paper's 400 ms at both sides), relative to the anchor, q_real ⊗ anchor⁻¹,
            their angles divided by the strength.
        anchor: float32 [4], the real pose at t − 40 ms, world to camera.
        interval_s: float32 [], seconds since the previous step.
        flow: float32 [64], encoded flow, [5], the camera's rotation estimated from flow (see
            `turn.TurnEncoder`), or [0] for a network without flow.
        strength: float32 [], by which the input's rotation angles are divided and the output's
            multiplied, so that a network that was trained for one crop margin uses a wider one
            (above 1) or a narrower one.
        gyro_turns: float32 [offset, 3], the gyro's rotation since the previous step, a rotation
            vector in radians, for each clock offset of `fusion.CLOCK_OFFSETS_NS`; [0, 3] for a
            network that does not correct the gyro.
    """

    real: Float[quaternion.Array, "window 4"]
    anchor: Float[quaternion.Array, "4"]
    interval_s: Float[quaternion.Array, ""]
    flow: Float[quaternion.Array, "feature"]
    strength: Float[quaternion.Array, ""]
    gyro_turns: Float[quaternion.Array, "offset 3"]


class RolloutState(NamedTuple):
    """The state between steps.

    Ages are relative to the latest step, so their precision does not decrease in long clips.

    Attributes:
        lstm: the network's recurrent state; two of them for a network that sees no even turn (see
            `mirrored`).
        correction: what flow tells of the gyro's error; None for a network that does not read it.
        pose: float32 [ring, 4], the latest virtual poses, newest first, world to camera, without
            the correction of the gyro's error.
        age_s: float32 [ring], seconds from each pose to the latest step; huge for missing poses.
        even_turn: float32 [stage, 3], the camera's even turn in rad/s (see `even_turn`); None for a
            network that sees it.
    """

    lstm: LstmStates
    correction: Correction | None
    pose: Float[Array, "ring 4"]
    age_s: Float[Array, "ring"]
    even_turn: EvenTurn | None


class StepOutput(NamedTuple):
    """The outputs of one step.

    Attributes:
        pose: float32 [4], the new virtual pose, world to camera.
        turn: float32 [4], the rotation Δq over 40 ms, before soft shrinkage.
        virtual: float32 [2, 4], the virtual poses before it, relative to the anchor, oldest first.
        steady: float32 [4], the new virtual pose without the correction of the gyro's error. It
            does not depend on flow, except of a network whose core reads it.
        correction: float32 [4], the rotation that `steady` is multiplied by to correct the error,
            before the product is limited to the reach; the identity for a network that does not.
        camera_turn: float32 [3], the estimate of the camera's rotation since the previous step, a
            rotation vector in radians; zero for a network that does not correct the gyro.
    """

    pose: Float[Array, "4"]
    turn: Float[Array, "4"]
    virtual: Float[Array, "2 4"]
    steady: Float[Array, "4"]
    correction: Float[Array, "4"]
    camera_turn: Float[Array, "3"]


def initial_state(core: Core, ring: int, first: StepFeatures) -> RolloutState:
    """Return the state before a clip's first step.

    For official weights there are no virtual poses yet, as in their program. For our own networks
    the virtual camera is initialised with a constant velocity, fitted to the real poses of the
    first step: using real poses themselves would let the shake of the first frames through.

    Args:
        core: the network.
        ring: how many virtual poses to keep, 4 or more (see `features.ring_size`).
        first: the first step's features.
    """
    if core.architecture.official:
        return _empty_state(core, ring)
    return _with_poses(core, ring, first, *_even_motion(first))


def _even_motion(first: StepFeatures) -> tuple[Float[Array, "known 4"], Float[Array, "known"]]:
    """Return poses of constant velocity, fitted to the real ones, and their ages one frame before.

    The fit is over the real poses within 400 ms, or as many as there are. All poses are rotated
    alike to bring them within `reach` of the camera.
    """
    now = len(first.real) // 2
    side = min(now, REAL_POSES_EACH_SIDE)
    near = first.real[now - side : now + side + 1]
    steps = jnp.arange(-side, side + 1, dtype=jnp.float32)
    turn = quaternion.to_rotation_vector(scale_rotation(near, first.strength))
    rate = (steps[:, None] * turn).sum(axis=0) / jnp.square(steps).sum()
    age_s = jnp.asarray(_EVEN_AGES_S)
    steps_ago = (age_s + first.interval_s) / (SAMPLE_INTERVAL_NS * 1e-9)
    line = quaternion.from_rotation_vector(
        turn.mean(axis=0)[None] - steps_ago[:, None] * rate[None]
    )
    camera = quaternion.from_rotation_vector(
        turn[side] + jnp.minimum(steps_ago[0], 1.0) * (turn[side - 1] - turn[side])
    )
    held = reach.limited(line[0], camera, first.strength)
    moved = quaternion.multiply(held, quaternion.conjugate(line[0]))
    poses = quaternion.multiply(moved[None], line)
    return quaternion.multiply(poses, first.anchor[None]), age_s


def _with_poses(
    core: Core,
    ring: int,
    first: StepFeatures,
    pose: Float[Array, "known 4"],
    age_s: Float[Array, "known"],
) -> RolloutState:
    state, known = _empty_state(core, ring), len(age_s)
    turns = core.architecture.sees_no_even_turn
    return state._replace(
        pose=state.pose.at[:known].set(pose),
        age_s=state.age_s.at[:known].set(age_s),
        even_turn=even_turn.begin(_real_poses(first)) if turns else None,
    )


def _empty_state(core: Core, ring: int) -> RolloutState:
    pose = jnp.broadcast_to(jnp.asarray([0.0, 0.0, 0.0, 1.0]), (ring, 4))
    known = None if core.fusion is None else correction.begin(core.fusion)
    own = core.architecture.sees_no_even_turn
    lstm = mirrored.initial_state(core) if own else core.initial_state()
    return RolloutState(lstm, known, pose, jnp.full((ring,), _EMPTY_AGE_S), None)


def displaced_state(
    core: Core, ring: int, first: StepFeatures, offset: Float[Array, "3"]
) -> RolloutState:
    """Return the state before a window's first step in training: offset from the real camera.

    So a network learns to return to the real path. For official ones the virtual camera stands
    still (as in `dvs/train.py`), for our own it moves as in `initial_state`.

    Args:
        core: the network.
        ring: how many virtual poses to keep, 4 or more.
        first: the first step's features.
        offset: x, y and z of the quaternion of the offset, whose w is 1 before it is normalised.
    """
    aside = quaternion.normalize(jnp.concatenate([offset, jnp.ones(1)]))
    if core.architecture.official:
        still = jnp.broadcast_to(quaternion.multiply(aside, first.anchor), (3, 4))
        return _with_poses(core, ring, first, still, jnp.asarray(_STILL_AGES_S) - first.interval_s)
    pose, age_s = _even_motion(first)
    return _with_poses(core, ring, first, quaternion.multiply(aside[None], pose), age_s)


def begin(core: Core, state: RolloutState, first: StepFeatures) -> RolloutState:
    """Return the state for a clip's first step.

    The first step of every clip is run twice with the same input: the network's state advances,
    the pose is dropped.
    """
    return state._replace(lstm=_predict(core, state, first)[0])


def step(
    core: Core, state: RolloutState, features: StepFeatures, training: bool = False
) -> tuple[RolloutState, StepOutput]:
    """Predict one virtual pose.

    Args:
        core: the network.
        state: the state after the previous step.
        features: this step's.
        training: whether official weights' Δq is used without soft shrinkage. Our own networks
            never have soft shrinkage.
    """
    known, camera_turn = correct(core, state.correction, features)
    state = state._replace(even_turn=_even_turn(state, features), correction=known)
    lstm, output = _predict(core, state, features)
    output = output._replace(camera_turn=camera_turn)
    if core.architecture.official and not training:
        latest = quaternion.multiply(output.virtual[-1], features.anchor)
        shrunk = quaternion.multiply(_soft_shrink(output.turn), latest)
        output = output._replace(pose=shrunk, steady=shrunk)
    age_s = state.age_s + features.interval_s
    remembered = RolloutState(
        lstm,
        known,
        jnp.concatenate([output.steady[None], state.pose[:-1]]),
        jnp.concatenate([jnp.zeros(1), age_s[:-1]]),
        state.even_turn,
    )
    return remembered, output


def rollout(core: Core, ring: int, features: StepFeatures) -> StepOutput:
    """Predict a whole clip's virtual poses in one scan.

    Args:
        core: the network.
        ring: how many virtual poses to keep.
        features: stacked along a leading axis, one entry a step. Padding after a clip's end
            does not affect earlier steps.

    Returns:
        Outputs stacked likewise.
    """
    return _run(core, ring, features)[1]


def path(core: Core, ring: int, features: StepFeatures) -> Float[Array, "frame 4"]:
    """Predict a whole clip's virtual poses, with that of the frame before the first step.

    For official weights it repeats the first prediction (as in `dvs/inference.py`); for our own
    networks it is the pose from which the virtual camera starts. Arguments as for `rollout`.
    """
    start, outputs = _run(core, ring, features)
    return jnp.concatenate([start_pose(core, start, outputs.pose[0])[None], outputs.pose])


def start_pose(core: Core, start: RolloutState, predicted: Float[Array, "4"]) -> Float[Array, "4"]:
    """Return the virtual pose of the frame before the first step (see `path`)."""
    return predicted if core.architecture.official else start.pose[0]


def _run(core: Core, ring: int, features: StepFeatures) -> tuple[RolloutState, StepOutput]:
    first = jax.tree.map(lambda array: array[0], features)
    start = initial_state(core, ring, first)
    return start, jax.lax.scan(
        lambda carry, entry: step(core, carry, entry), begin(core, start, first), features
    )[1]


def correct(
    core: Core, before: Correction | None, features: StepFeatures
) -> tuple[Correction | None, Float[Array, "3"]]:
    """Return what flow tells of the gyro's error after a step, and the camera's rotation in it."""
    if core.fusion is None or before is None:
        return None, jnp.zeros(3)
    told = features.gyro_turns, features.flow, features.interval_s
    return correction.after(core.fusion, before, *told)


def correction_at(known: Correction | None, features: StepFeatures) -> Float[Array, "4"]:
    """Return the rotation that corrects a steady pose (see `StepOutput.correction`)."""
    if known is None:
        return jnp.asarray([0.0, 0.0, 0.0, 1.0])
    return correction.rotation(known, _camera_pose(features))


def _predict(
    core: Core, state: RolloutState, features: StepFeatures
) -> tuple[LstmStates, StepOutput]:
    aged = state._replace(age_s=state.age_s + features.interval_s)
    virtual = _virtual_input(core, aged, features)
    if aged.even_turn is None:
        lstm, turn = _turn(core, aged.lstm, virtual, features)
        moved = quaternion.multiply(turn, virtual[-1])
    else:
        lstm, turn, moved = _turn_unevenly(core, aged.lstm, aged.even_turn, virtual, features)
    steady = pose = quaternion.multiply(moved, features.anchor)
    corrects = correction_at(aged.correction, features)
    if not core.architecture.official:
        steady = pose = _within_reach(steady, features)
    if aged.correction is not None:
        pose = _within_reach(quaternion.multiply(steady, corrects), features)
    return lstm, StepOutput(pose, turn, virtual, steady, corrects, jnp.zeros(3))


def _even_turn(state: RolloutState, features: StepFeatures) -> EvenTurn | None:
    if state.even_turn is None:
        return None
    return even_turn.follow(state.even_turn, _real_poses(features), features.interval_s)


def _turn(
    core: Core, lstm: LstmStates, virtual: Float[Array, "2 4"], features: StepFeatures
) -> tuple[LstmStates, Float[Array, "4"]]:
    """Return the network's Δq for the poses as they are."""
    seen = [features.real, scale_rotation(virtual, 1.0 / features.strength)]
    encoded = features.flow if core.fusion is None else features.flow[:0]
    vector = jnp.concatenate([*(poses.reshape(-1) for poses in seen), encoded])
    lstm, scaled_turn = core(lstm, vector)
    return lstm, scale_rotation(scaled_turn, features.strength)


def _turn_unevenly(
    core: Core,
    lstm: LstmStates,
    turn: EvenTurn,
    virtual: Float[Array, "2 4"],
    features: StepFeatures,
) -> tuple[LstmStates, Float[Array, "4"], Float[Array, "4"]]:
    """Return the network's Δq for the poses in an evenly turning frame, and the new virtual pose.

    At the time of the anchor the frame is the anchor; so is the new pose given relative to it.
    """
    since = jnp.asarray(VIRTUAL_AGES_S[-1:])
    ages = jnp.asarray(VIRTUAL_AGES_S)
    real = _without(turn, _window_s(features) + since, _real_poses(features))
    still = _without(turn, since - ages, virtual)
    seen = scale_rotation(jnp.concatenate([real, still]), 1.0 / features.strength)
    lstm, scaled_turn = mirrored.turn(core, lstm, seen, features.interval_s)
    own_turn = scale_rotation(scaled_turn, features.strength)
    moved = quaternion.multiply(own_turn, still[-1])
    held = even_turn.led_back(moved, real, features.interval_s)
    return lstm, own_turn, quaternion.multiply(even_turn.turned(turn, since)[0], held)


def _without(
    turn: EvenTurn, since_anchor_s: Float[Array, "pose"], poses: Float[Array, "pose 4"]
) -> Float[Array, "pose 4"]:
    """Return poses relative to the anchor in the frame that has turned evenly since."""
    return quaternion.multiply(even_turn.turned(turn, -since_anchor_s), poses)


def _window_s(features: StepFeatures) -> Float[Array, "window"]:
    """Return the times of the real poses, in seconds after the step's."""
    side = len(features.real) // 2
    return jnp.arange(-side, side + 1, dtype=jnp.float32) * (SAMPLE_INTERVAL_NS * 1e-9)


def _real_poses(features: StepFeatures) -> Float[Array, "window 4"]:
    """Return the real poses, relative to the anchor, at their true angles."""
    return scale_rotation(features.real, features.strength)


def _within_reach(pose: Float[Array, "4"], features: StepFeatures) -> Float[Array, "4"]:
    return reach.limited(pose, _camera_pose(features), features.strength)


def _camera_pose(features: StepFeatures) -> Float[Array, "4"]:
    now = scale_rotation(features.real[len(features.real) // 2], features.strength)
    return quaternion.multiply(now, features.anchor)


def scale_rotation(
    rotation: Float[Array, "*batch 4"], factor: Float[Array, "*#batch"]
) -> Float[Array, "*batch 4"]:
    """Return the rotations with their angles scaled by `factor`; exactly unchanged for 1."""
    factor = factor.reshape(*factor.shape, *(1,) * (rotation.ndim - factor.ndim))
    scaled = quaternion.from_rotation_vector(factor * quaternion.to_rotation_vector(rotation))
    return jnp.where(factor == 1.0, rotation, scaled)


def _virtual_input(core: Core, state: RolloutState, features: StepFeatures) -> Float[Array, "2 4"]:
    """Return the virtual poses 80 and 40 ms ago, relative to the anchor; real ones if unknown.

    After the newest one (frames more than 40 ms apart) it is the newest, turned on evenly.
    """
    to_anchor = quaternion.conjugate(features.anchor)
    poses = []
    for steps, age in zip(range(VIRTUAL_POSES, 0, -1), VIRTUAL_AGES_S, strict=True):
        known, pose = _pose_ago(state, age, core.architecture.official)
        if state.even_turn is not None:
            since = jnp.maximum(state.age_s[:1] - age, 0.0)
            pose = quaternion.multiply(even_turn.turned(state.even_turn, since)[0], pose)
        real = scale_rotation(features.real[len(features.real) // 2 - steps], features.strength)
        poses.append(jnp.where(known, quaternion.multiply(pose, to_anchor), real))
    return jnp.stack(poses)


def _pose_ago(
    state: RolloutState, age_s: float, official: bool
) -> tuple[Bool[Array, ""], Float[Array, "4"]]:
    """Return the virtual pose `age_s` ago and whether it is known.

    Between poses it is their slerp. After the newest one (frames more than 40 ms apart) it is the
    newest. The official program takes the real pose there, which lets the camera's shake through
    at 24 frames/s and less; official weights are run in the same way.
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
