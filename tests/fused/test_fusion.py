"""Gyro and flow together, where both are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import features, rollout
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.fusion import CLOCK_OFFSETS_NS, Fusion
from dvs_jax.fused.network import FusedNetwork

ON_TIME = CLOCK_OFFSETS_NS.index(0)
FRAMES = 90
INTERVAL_S = 1 / 30


def swaying_at(time_s: np.ndarray) -> np.ndarray:
    """Return a hand's poses: a few degrees at 2 to 5 Hz."""
    phase = 2 * np.pi * time_s[:, None] * np.array([2.0, 3.1, 4.7])
    return quaternion.from_rotation_vector(np.array([0.02, 0.03, 0.01]) * np.sin(phase))


def steps_of(late_s: float, bias: float = 0.0) -> tuple[rollout.StepFeatures, np.ndarray]:
    """Return what a network sees of a gyro that is late, with perfect flow, and the true poses."""
    frame_s = 1.0 + np.arange(FRAMES) * INTERVAL_S
    gyro_s = np.arange(0.0, 5.0, 0.0025)
    drift = quaternion.from_rotation_vector(bias * gyro_s[:, None] * np.ones(3))
    pose = quaternion.multiply(drift, swaying_at(gyro_s))
    gyro_ns = np.rint((gyro_s + late_s) * 1e9).astype(np.int64)
    frame_ns = np.rint(frame_s * 1e9).astype(np.int64)
    steps = features.pose_features(CameraPath(gyro_ns, pose), frame_ns, False, fusion=True)
    true = swaying_at(frame_s)
    turn = quaternion.multiply(true[1:], quaternion.conjugate(true[:-1]))
    told = np.concatenate(
        [quaternion.to_rotation_vector(turn), np.tile([-3.0, 0.0], (FRAMES - 1, 1))], axis=1
    )
    return steps._replace(flow=told.astype(np.float32)), true


def believed(fusion: Fusion, steps: rollout.StepFeatures) -> np.ndarray:
    """Return the turns that are believed, of all steps."""

    def advance(state, step):
        return fusion(state, step.gyro_turns, step.flow, step.interval_s)

    steps = jax.tree.map(jnp.asarray, steps)
    return np.asarray(jax.lax.scan(advance, fusion.initial_state(), steps)[1])


@pytest.mark.parametrize("late_ms", [-30, -15, 0, 20])
def test_flow_finds_out_how_late_the_clock_is(late_ms: int):
    """Untrained, when flow is not believed: the clock alone makes up for it."""
    steps, _ = steps_of(late_ms * 1e-3)
    wanted = steps.flow[:, :3]
    measured = steps.gyro_turns[:, ON_TIME]
    found = believed(Fusion(4, nnx.Rngs(0)), steps)[20:]
    error = np.abs(found - wanted[20:]).max()
    assert error < 2e-5
    assert late_ms == 0 or error < 0.01 * np.abs(measured - wanted).max()


def test_a_bias_is_what_trust_in_flow_is_for():
    steps, _ = steps_of(0.0, bias=0.02)
    fusion = Fusion(4, nnx.Rngs(0))
    apart = np.abs(believed(fusion, steps) - steps.flow[:, :3]).max()
    fusion.trust.bias = nnx.Param(jnp.ones(3))
    assert np.abs(believed(fusion, steps) - steps.flow[:, :3]).max() < 1e-6 < 1e-4 < apart


@pytest.mark.slow
def test_what_the_gyro_errs_by_is_not_seen():
    """Behind a virtual camera that stands still, the world does too, late clock or not."""
    core = without_turning().core
    rolled_out = jax.jit(lambda clip: rollout.rollout(core, 8, clip))
    left = {}
    for late_s, corrected in ((0.0, True), (0.02, True), (0.02, False)):
        steps, true = steps_of(late_s)
        if not corrected:
            steps.flow[:, :3] = steps.gyro_turns[:, ON_TIME]
            steps.gyro_turns[:] = steps.gyro_turns[:, ON_TIME, None]
        pose = rolled_out(jax.tree.map(jnp.asarray, steps)).pose
        camera = quaternion.multiply(steps.real[:, 10], steps.anchor)
        error = quaternion.multiply(quaternion.conjugate(camera), true[1:])
        shown = quaternion.multiply(np.asarray(pose, float), error)
        turn = np.diff(quaternion.to_rotation_vector(shown)[20:], 2, axis=0)
        left[late_s, corrected] = np.sqrt(np.square(turn).sum(axis=1).mean())
    assert left[0.02, False] > 3e-3
    assert left[0.0, True] < 0.01 * left[0.02, False]
    assert left[0.02, True] < 0.03 * left[0.02, False]


def without_turning() -> FusedNetwork:
    """Return a network whose core always answers with no turn."""
    wanted = Architecture(lstm=(8,), turn_unit=0.02, filters=3, flow=True, fusion=4)
    network = FusedNetwork(wanted, nnx.Rngs(0))
    maps, last = network.core.filters.maps, network.core.fully_connected[-1].linear
    for layer in (maps, last):
        layer.kernel = nnx.Param(jnp.zeros_like(layer.kernel[...]))
    last.bias = nnx.Param(jnp.asarray([0.0, 0.0, 0.0, 1.0]))
    return network


def test_gradients_are_finite_where_nothing_moves():
    fusion = Fusion(4, nnx.Rngs(0))
    graph, weights = nnx.split(fusion)

    def loss(weights):
        fusion = nnx.merge(graph, weights)
        still = jnp.zeros((len(CLOCK_OFFSETS_NS), 3))
        state, turn = fusion(fusion.initial_state(), still, jnp.zeros(5), jnp.float32(0.03))
        return turn.sum() + state.error.sum() + state.against.sum()

    gradient = jax.jit(jax.grad(loss))(weights)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
