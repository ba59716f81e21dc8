"""A network's path as a stream, in chunks of as many steps as flow is encoded at once.

Memory does not grow with the clip, and clips of all lengths share compiled programs. A recording's
gyro log is known to its end, so its path is predicted ahead of the pictures and smoothed once more,
by what the log tells of later frames; what flow tells of the gyro's error is added where the
pictures are.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import clip as clips
from dvs_jax import quaternion, smoothing
from dvs_jax.clip import Clip
from dvs_jax.flow import FlowPair
from dvs_jax.fused import correction, features, inference, prediction, rollout
from dvs_jax.fused.correction import Correction
from dvs_jax.fused.features import ENCODED_AT_ONCE
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import Core, FusedNetwork
from dvs_jax.fused.online import RING
from dvs_jax.fused.rollout import RolloutState, StepFeatures
from dvs_jax.fused.strength import Strength, without_flow
from dvs_jax.methods.covered_path import Levels
from dvs_jax.sensors.integration import with_pre_roll

STEPS_AT_ONCE = 256
"""Steps in a chunk of a network that reads no flow, for which no picture is delayed."""

Poses = Float[np.ndarray, "frame 4"]


def predicted_levels(
    network: FusedNetwork,
    clip: Clip,
    chosen: Strength,
    pairs: Iterable[FlowPair | None] | None,
) -> Iterator[Levels]:
    """Yield the camera's real poses, those that a network predicts, and these smoothed, in chunks.

    Args:
        network: in inference mode.
        clip: whose frames they are.
        chosen: how strongly the clip is smoothed; without a deviation the last level is missing,
            and the poses are those of `prediction.predict_trajectory`.
        pairs: the flow between each frame and the one before it, None for the first; or None, for a
            network that reads no flow.
    """
    real = clips.real_path(clip)
    reach_ns = network.architecture.look_ahead_ns
    prediction.tell_of_missing_look_ahead(clip, real.time_ns, reach_ns)
    start = 0
    for wanted in _wanted_levels(network, clip, chosen, pairs):
        end = start + wanted.shape[1]
        yield np.concatenate([real.quaternion[None, start:end], wanted])
        start = end


def _wanted_levels(
    network: FusedNetwork,
    clip: Clip,
    chosen: Strength,
    pairs: Iterable[FlowPair | None] | None,
) -> Iterator[Levels]:
    if not chosen.deviation_s:
        predicted = _poses(network, clip, _steps(network, clip, chosen.network, pairs))
        return (poses[None] for poses in predicted)
    calm = _calm_levels(without_flow(network), clip, chosen)
    if network.core.fusion is None:
        return calm
    return _corrected(calm, _corrections(network, _steps(network, clip, chosen.network, pairs)))


def _calm_levels(network: FusedNetwork, clip: Clip, chosen: Strength) -> Iterator[Levels]:
    """Yield the poses that a network predicts from the gyro alone, and these smoothed."""
    poses = _poses(network, clip, _steps(network, clip, chosen.network, None))
    time_ns = clips.center_time_ns(clip)
    return map(np.stack, smoothing.smoothed_portions(poses, time_ns, chosen.deviation_s))


def _corrected(levels: Iterator[Levels], corrections: Iterator[Poses]) -> Iterator[Levels]:
    """Yield levels of poses, multiplied by what corrects the gyro's error."""
    waiting = next(levels)
    for portion in corrections:
        while waiting.shape[1] < len(portion):
            waiting = np.concatenate([waiting, next(levels)], axis=1)
        yield quaternion.multiply(waiting[:, : len(portion)], portion[None])
        waiting = waiting[:, len(portion) :]


def _steps(
    network: FusedNetwork, clip: Clip, strength: float, pairs: Iterable[FlowPair | None] | None
) -> Iterator[StepFeatures]:
    """Yield a network's inputs, NumPy arrays with a leading step axis, in chunks."""
    wanted, log = network.architecture, clips.recorded(clip)
    gyro, time_ns = with_pre_roll(log.gyro), clips.center_time_ns(clip)
    told = None if pairs is None else _told_by_flow(network, clip, strength, pairs)
    start, last = 0, len(time_ns) - 1
    while start < last:
        flow = None if told is None else next(told)
        count = min(STEPS_AT_ONCE, last - start) if flow is None else len(flow)
        shown = time_ns[start : start + count + 1]
        steps = features.poses_seen(wanted, gyro, shown, strength)
        yield steps if flow is None else steps._replace(flow=flow)
        start += count


def _told_by_flow(
    network: FusedNetwork, clip: Clip, strength: float, pairs: Iterable[FlowPair | None]
) -> Iterator[Float[np.ndarray, "step feature"]]:
    later = (pair for pair in pairs if pair is not None)
    normal = prediction.normal_flow(later, clip, network.architecture)
    reader = FlowReader(network, clips.recorded(clip).camera, clip.size, strength)
    return reader.portions(normal)


def _poses(network: FusedNetwork, clip: Clip, portions: Iterable[StepFeatures]) -> Iterator[Poses]:
    """Yield virtual poses in chunks; the first has one more than it has steps."""
    graph, weights = nnx.split(network.core)
    length = STEPS_AT_ONCE if network.encoder is None else ENCODED_AT_ONCE
    ring = max(RING, features.ring_size(clips.center_time_ns(clip)))
    state: RolloutState | None = None
    for steps in portions:
        padded = jax.tree.map(jax.numpy.asarray, inference.pad(steps, length))
        start = None
        if state is None:
            start, state = _begin(graph, ring, weights, padded)
        state, pose = _advance(graph, weights, state, padded)
        poses = np.asarray(pose)[: len(steps.interval_s)]
        if start is not None:
            first = rollout.start_pose(network.core, start, pose[0])
            poses = np.concatenate([np.asarray(first)[None], poses])
        yield quaternion.normalize(poses.astype(np.float64))


def _corrections(network: FusedNetwork, portions: Iterable[StepFeatures]) -> Iterator[Poses]:
    """Yield each frame's rotation that corrects the gyro's error, of the first frame with none."""
    graph, weights = nnx.split(network.core)
    assert network.core.fusion is not None
    known, first = correction.begin(network.core.fusion), quaternion.identity((1,))
    for steps in portions:
        padded = jax.tree.map(jax.numpy.asarray, inference.pad(steps, ENCODED_AT_ONCE))
        known, found = _correct(graph, weights, known, padded)
        rotations = np.asarray(found)[: len(steps.interval_s)].astype(np.float64)
        yield quaternion.normalize(np.concatenate([first, rotations]))
        first = first[:0]


# By default accelerators multiply matrices with 10 bits or less; poses need more.
@partial(jax.jit, static_argnums=(0, 1))
@jax.default_matmul_precision("highest")
def _begin(
    graph: nnx.GraphDef[Core], ring: int, weights: nnx.State, steps: StepFeatures
) -> tuple[RolloutState, RolloutState]:
    """Return the rollout's initial state, and the state with which a clip's first step begins."""
    core, first = nnx.merge(graph, weights), jax.tree.map(lambda array: array[0], steps)
    start = rollout.initial_state(core, ring, first)
    return start, rollout.begin(core, start, first)


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _advance(
    graph: nnx.GraphDef[Core], weights: nnx.State, state: RolloutState, steps: StepFeatures
) -> tuple[RolloutState, Float[Array, "step 4"]]:
    core = nnx.merge(graph, weights)

    def advance(
        state: RolloutState, features: StepFeatures
    ) -> tuple[RolloutState, Float[Array, "4"]]:
        state, output = rollout.step(core, state, features)
        return state, output.pose

    return jax.lax.scan(advance, state, steps)


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _correct(
    graph: nnx.GraphDef[Core], weights: nnx.State, known: Correction, steps: StepFeatures
) -> tuple[Correction, Float[Array, "step 4"]]:
    core = nnx.merge(graph, weights)

    def advance(before: Correction, features: StepFeatures) -> tuple[Correction, Float[Array, "4"]]:
        known, _ = rollout.correct(core, before, features)
        assert known is not None
        return known, rollout.correction_at(known, features)

    return jax.lax.scan(advance, known, steps)
