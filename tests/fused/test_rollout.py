from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import features, inference, rollout
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.rollout import StepFeatures

ATOL = 1e-5


@pytest.fixture(scope="module")
def outputs(official_network, recorded_features):
    clip = jax.tree.map(jnp.asarray, recorded_features)
    return jax.jit(lambda clip: rollout.rollout(official_network.core, 8, clip))(clip)


@pytest.fixture
def small_network(calm_network):
    return calm_network


def shaking_clip(frames, seconds=1 / 30, seed=0):
    rng = np.random.default_rng(seed)
    gyro_ns = np.arange(-100, int(frames * seconds * 200) + 200, dtype=np.int64) * 5_000_000
    angle = np.cumsum(rng.normal(0.0, 0.003, (len(gyro_ns), 3)), axis=0)
    path = CameraPath(gyro_ns, quaternion.from_rotation_vector(angle))
    time_ns = np.round(np.arange(frames) * seconds * 1e9).astype(np.int64)
    return features.pose_features(path, time_ns, official=False), time_ns


def test_golden_inputs(recorded_features, recorded_steps):
    real = recorded_features.real.reshape(39, 84)
    np.testing.assert_allclose(real, recorded_steps["real_inputs"], atol=ATOL)
    np.testing.assert_allclose(recorded_features.anchor, recorded_steps["anchor"], atol=ATOL)


def test_golden_virtual_inputs_and_turns(outputs, recorded_steps):
    virtual = np.asarray(outputs.virtual).reshape(39, 8)
    np.testing.assert_allclose(virtual, recorded_steps["virtual_inputs"], atol=ATOL)
    shrunk = jax.vmap(rollout._soft_shrink)(outputs.turn)
    np.testing.assert_allclose(shrunk, recorded_steps["out"], atol=ATOL)


@pytest.mark.slow
def test_golden_trajectory(official_network, recorded_clip, recorded_features, golden):
    wanted = np.loadtxt(golden / "dvs/trajectory.txt")
    (path,) = inference.predict(official_network, [recorded_features], [recorded_clip.time_ns])
    np.testing.assert_allclose(path.quaternion, wanted[:, 1:], atol=ATOL)
    # The official program's times have gone through float32: 128 ns apart at two seconds.
    np.testing.assert_allclose(path.time_ns[1:], wanted[1:, 0], atol=128)


@pytest.mark.slow
def test_a_batch_of_different_lengths_equals_its_clips(small_network):
    clips, times = zip(*(shaking_clip(frames, seed=frames) for frames in (150, 31, 2)), strict=True)
    together = inference.predict(small_network, clips, times)
    for clip, time_ns, path in zip(clips, times, together, strict=True):
        (alone,) = inference.predict(small_network, [clip], [time_ns])
        assert len(path) == len(time_ns)
        np.testing.assert_allclose(path.quaternion, alone.quaternion, atol=1e-6)


@pytest.mark.slow
def test_similar_lengths_share_one_compilation(small_network):
    inference._rollout_batch.clear_cache()
    for frames in (33, 40, 64, 65):
        clip, time_ns = shaking_clip(frames)
        inference.predict(small_network, [clip], [time_ns])
    assert inference._rollout_batch._cache_size() == 1


@pytest.mark.slow
def test_no_hidden_transfer_between_host_and_device(small_network):
    clip = jax.device_put(jax.tree.map(lambda a: a[None], shaking_clip(40)[0]))
    graph, weights = nnx.split(small_network.core)
    inference._rollout_batch(graph, 4, weights, clip)
    with jax.transfer_guard("disallow"):
        inference._rollout_batch(graph, 4, weights, clip)


@pytest.fixture(scope="module")
def rollout_of(calm_network):
    """The rollout of the small network, compiled once for each size of its ring."""
    compiled = jax.jit(partial(rollout.rollout, calm_network.core), static_argnums=0)
    return lambda ring, clip: compiled(ring, jax.tree.map(jnp.asarray, clip))


@pytest.mark.slow
@pytest.mark.parametrize("rate", [10, 24, 25, 29.97, 60, 240])
def test_any_frame_rate_feeds_predictions_back(rollout_of, rate):
    """At 25 frames/s and less the query 40 ms ago lies after the newest pose."""
    clip, time_ns = shaking_clip(40, 1 / rate)
    ring = features.ring_size(time_ns)
    output = jax.tree.map(np.asarray, rollout_of(ring, clip))
    absolute = quaternion.multiply(output.virtual[:, 1], clip.anchor)
    poses = np.concatenate([output.pose[:1], output.pose])
    path = CameraPath(time_ns, poses.astype(np.float64))
    from dvs_jax.camera_path import pose_at

    # Until a pose is 40 ms old the real one stands in.
    known = time_ns[1:] - 40_000_000 >= time_ns[1]
    known |= (np.arange(len(known)) > 0) & (1 / rate >= 0.04)
    fed_back = pose_at(path, np.minimum(time_ns[1:] - 40_000_000, time_ns[:-1]), "hold")
    aligned = np.abs((np.asarray(absolute) * fed_back).sum(axis=-1))
    np.testing.assert_allclose(aligned[known], 1.0, atol=1e-5)


@pytest.mark.slow
def test_official_weights_run_as_the_official_program_runs_them_at_24_frames_a_second():
    """Beyond the predicted span the official program (`dvs/dataset.py`) takes the real pose."""
    network = FusedNetwork(Architecture(flow=False, lstm=(16,), official=True), nnx.Rngs(3))
    clip, time_ns = shaking_clip(40, 1 / 24)
    device = jax.tree.map(jnp.asarray, clip)
    ring = features.ring_size(time_ns)
    rolled = jax.jit(lambda clip: rollout.rollout(network.core, ring, clip))(device)
    output = jax.tree.map(np.asarray, rolled)
    # 40 ms ago lies after the newest pose, 41.7 ms old: real. 80 ms ago lies between two: virtual.
    np.testing.assert_array_equal(output.virtual[:, 1], clip.real[:, 9])
    to_anchor = quaternion.conjugate(clip.anchor)
    share = np.full(37, 1 - 38.333 / 41.667)
    between = quaternion.slerp(output.pose[:-2], output.pose[1:-1], share)
    wanted = quaternion.multiply(between, to_anchor[2:])
    aligned = np.abs((output.virtual[2:, 0] * wanted).sum(axis=-1))
    np.testing.assert_allclose(aligned, 1.0, atol=1e-5)


def test_ring_reaches_back_80_ms():
    for rate in (10, 24, 30, 60, 120, 240):
        time_ns = (np.arange(500) * 1e9 / rate).astype(np.int64)
        reach = (features.ring_size(time_ns) - 1) / rate
        assert reach + 1 / rate >= 0.080


@pytest.mark.slow
def test_precision_does_not_fade_with_time(small_network):
    """The same clip a day later gives the same path."""
    clip, time_ns = shaking_clip(60)
    (now,) = inference.predict(small_network, [clip], [time_ns])
    day = 86_400 * 10**9
    rng = np.random.default_rng(0)
    gyro_ns = np.arange(-100, 60 * 200 // 30 + 200, dtype=np.int64) * 5_000_000
    angle = np.cumsum(rng.normal(0.0, 0.003, (len(gyro_ns), 3)), axis=0)
    later_path = CameraPath(gyro_ns + day, quaternion.from_rotation_vector(angle))
    later = features.pose_features(later_path, time_ns + day, official=False)
    (then,) = inference.predict(small_network, [later], [time_ns + day])
    np.testing.assert_array_equal(now.quaternion, then.quaternion)


@pytest.mark.slow
def test_gradients_reach_the_weights_through_the_rollout(small_network):
    clip = jax.tree.map(jnp.asarray, shaking_clip(20)[0])
    graph, weights = nnx.split(small_network.core)

    def loss(weights):
        turn = rollout.rollout(nnx.merge(graph, weights), 4, clip).pose
        return jnp.square(turn).sum(axis=0)[0]

    gradient = jax.tree.leaves(jax.jit(jax.grad(loss))(weights))
    assert all(np.isfinite(leaf).all() for leaf in gradient)
    assert any(np.abs(leaf).max() > 0 for leaf in gradient)


@pytest.mark.slow
def test_identical_input_is_no_trouble_for_gradients(small_network):
    """A camera that stands perfectly still: all quaternions equal, all differences zero."""
    still = StepFeatures(
        jnp.broadcast_to(jnp.asarray([0.0, 0.0, 0.0, 1.0]), (20, 21, 4)),
        jnp.broadcast_to(jnp.asarray([0.0, 0.0, 0.0, 1.0]), (20, 4)),
        jnp.full((20,), 1 / 30),
        jnp.zeros((20, 0)),
        jnp.ones(20),
        jnp.zeros((20, 0, 3)),
    )
    graph, weights = nnx.split(small_network.core)

    def loss(weights):
        return rollout.rollout(nnx.merge(graph, weights), 4, still).pose[:, :3].sum()

    gradient = jax.jit(jax.grad(loss))(weights)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def test_strength_scales_motion_the_network_sees(calm_network):
    """Half the motion at strength 1 is the same input as the motion itself at strength 2.

    About one axis, angles add, so the answers differ by just that factor, too.
    """
    gyro_ns = np.arange(-100, 500, dtype=np.int64) * 5_000_000
    angle = 0.05 * np.sin(gyro_ns[:, None] * 1e-9 * 9.0) * np.array([1.0, 0.0, 0.0])
    time_ns = np.arange(40, dtype=np.int64) * 33_333_333

    def predicted(scale, strength):
        path = CameraPath(gyro_ns, quaternion.from_rotation_vector(scale * angle))
        clip = features.pose_features(path, time_ns, official=False, strength=strength)
        return inference.predict(_turning_about_x(calm_network), [clip], [time_ns])[0].quaternion

    half = quaternion.to_rotation_vector(predicted(0.5, 1.0))
    whole = quaternion.to_rotation_vector(predicted(1.0, 2.0))
    assert np.abs(half[:, 0]).max() > 0.02
    np.testing.assert_allclose(whole, 2.0 * half, atol=2e-6)


def _turning_about_x(network):
    graph, weights = nnx.split(network)
    turning = nnx.merge(graph, jax.tree.map(jnp.copy, weights))
    last = turning.core.fully_connected[-1].linear
    last.kernel[...] = last.kernel[...] * jnp.asarray([[1.0, 0.0, 0.0, 0.0]])
    return turning


@pytest.mark.slow
def test_training_starts_aside_of_the_camera(small_network):
    first = jax.tree.map(lambda array: jnp.asarray(array[0]), shaking_clip(10)[0])
    offset = jnp.asarray([0.05, -0.02, 0.01])
    core = small_network.core
    state = jax.jit(lambda first: rollout.displaced_state(core, 4, first, offset))(first)
    step = jax.jit(lambda state: rollout.step(core, state, first, training=True))
    output = step(state)[1]
    # Training makes no difference to a step of a network of our own.
    undisturbed = step(jax.jit(lambda first: rollout.initial_state(core, 4, first))(first))[1]
    # Half the quaternion's vector is, for so small a turn, the difference of the paths.
    aside = quaternion.multiply(output.virtual, quaternion.conjugate(undisturbed.virtual))
    wanted = quaternion.normalize(jnp.append(offset, 1.0))
    np.testing.assert_allclose(aside, np.stack([wanted, wanted]), atol=1e-6)


@pytest.mark.slow
def test_official_training_starts_still(official_network, recorded_features):
    first = jax.tree.map(lambda array: jnp.asarray(array[0]), recorded_features)
    offset = jnp.asarray([0.05, -0.02, 0.01])
    core = official_network.core
    state = jax.jit(lambda first: rollout.displaced_state(core, 4, first, offset))(first)
    step = jax.jit(lambda state: rollout.step(core, state, first, training=True))
    _, output = step(state)
    aside = quaternion.normalize(jnp.append(offset, 1.0))
    np.testing.assert_allclose(output.virtual, np.stack([aside, aside]), atol=1e-6)


@pytest.mark.slow
def test_our_networks_start_in_even_motion(small_network):
    """A camera that turns evenly is met by a virtual one that has done so all along."""
    gyro_ns = np.arange(-200, 500, dtype=np.int64) * 5_000_000
    angle = 0.4 * gyro_ns[:, None] * 1e-9 * np.array([0.0, 1.0, 0.0])
    path = CameraPath(gyro_ns, quaternion.from_rotation_vector(angle))
    time_ns = np.arange(4, dtype=np.int64) * 33_333_333
    clip = jax.tree.map(jnp.asarray, features.pose_features(path, time_ns, official=False))
    first = jax.tree.map(lambda array: array[0], clip)
    core = small_network.core
    state = jax.jit(lambda first: rollout.initial_state(core, 4, first))(first)
    np.testing.assert_allclose(state.pose[0], [0.0, 0.0, 0.0, 1.0], atol=1e-6)
    _, output = jax.jit(lambda state, first: rollout.step(core, state, first))(state, first)
    np.testing.assert_allclose(output.virtual, first.real[8:10], atol=1e-6)
    found = jax.jit(lambda clip: rollout.path(core, 4, clip))(clip)
    np.testing.assert_allclose(found[0], state.pose[0], atol=1e-7)


@pytest.mark.slow
def test_a_wider_window_sees_further():
    """Its input holds the usual one in its middle."""
    network = FusedNetwork(Architecture(flow=False, lstm=(8,), poses_each_side=25), nnx.Rngs(1))
    gyro_ns = np.arange(-300, 800, dtype=np.int64) * 5_000_000
    angle = 0.05 * np.sin(gyro_ns[:, None] * 1e-9 * np.array([9.0, 5.0, 2.0]))
    path = CameraPath(gyro_ns, quaternion.from_rotation_vector(angle))
    time_ns = np.arange(40, dtype=np.int64) * 33_333_333
    wide = features.pose_features(path, time_ns, official=False, each_side=25)
    usual = features.pose_features(path, time_ns, official=False)
    assert network.architecture.look_ahead_ns == 1_000_000_000
    assert network.architecture.input_features == 4 * (51 + 2)
    np.testing.assert_array_equal(wide.real[:, 15:36], usual.real)
    np.testing.assert_array_equal(wide.anchor, usual.anchor)
    (found,) = inference.predict(network, [wide], [time_ns])
    assert np.isfinite(found.quaternion).all()
