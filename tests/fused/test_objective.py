"""The loss of a window: its sum, where its gradient flows, and what it does not depend on."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from dvs_jax import quaternion
from dvs_jax.fused import even_turn, features, losses, rollout, window
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.losses import Course, Moment
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.objective import Feeding, window_loss
from dvs_jax.fused.window import Window

from .records import biased_record, walking_record

FLOW_SIZE = (16, 9)
STEPS = 8
KEY = jax.random.key(3)

WEIGHTS = {
    "follow": 10.0,
    "angle": 1.0,
    "smooth": 10.0,
    "c2_smooth": 200.0,
    "undefine": 2.0,
    "optical": 0.1,
    "stay": 0.5,
    "acceleration": 0.3,
    "jerk": 0.01,
    "cover": 20.0,
    "off_center": 5.0,
}
FEW = {"smooth": 10.0, "acceleration": 0.3}
DEFAULTS = Feeding()
IDENTITY = np.array([0.0, 0.0, 0.0, 1.0], np.float32)


def small_network(**changes: Any) -> FusedNetwork:
    """Return a network that turns the camera a little."""
    settings = {"lstm": (12,), "turn_unit": 0.02, "flow_size": FLOW_SIZE, **changes}
    layers = (FullyConnected(10, "relu"), FullyConnected(4))
    network = FusedNetwork(Architecture(fully_connected=layers, **settings), nnx.Rngs(5))
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = 0.3 * last.kernel[...]
    last.bias[...] = jnp.asarray(IDENTITY)
    if network.core.filters is not None:
        kernel = network.core.filters.maps.kernel
        kernel[...] = 0.05 * jax.random.normal(jax.random.key(1), kernel.shape)
    return network


@pytest.fixture(scope="module")
def walk() -> Window:
    return window.window_at(walking_record(FLOW_SIZE, 30), 5, STEPS, np.uint32(1))


def loss_of(network: FusedNetwork, feeding: Feeding = DEFAULTS, weights: Any = WEIGHTS):
    """Return the function of parameters and a window, and the parameters."""
    graph, params = nnx.split(network)
    known = {name: jnp.float32(weight) for name, weight in weights.items()}
    return jax.jit(lambda p, w: window_loss(graph, feeding, p, w, KEY, known)), params


def gradient_of(
    network: FusedNetwork, sample: Window, feeding: Feeding = DEFAULTS, weights: Any = WEIGHTS
) -> Any:
    loss, params = loss_of(network, feeding, weights)
    return jax.jit(jax.grad(lambda p: loss(p, sample)[0]))(params)


def in_official_units(network: FusedNetwork, flow: np.ndarray) -> np.ndarray:
    """Return a window's flow as a clip's flow in pixels would have reached the network."""
    pixels = flow.astype(np.float32) * np.array(FLOW_SIZE * 2, np.float32)
    pairs = ((each[..., :2], each[..., 2:]) for each in pixels)
    return np.stack([features.normalize_flow(*pair, network.architecture) for pair in pairs])


def step_by_step(network: FusedNetwork, sample: Window) -> dict[str, float]:
    """Return the terms, each step run and each sum written out."""
    core, official = network.core, network.architecture.official
    flow = in_official_units(network, sample.flow)
    encode = jax.jit(network.encoder)
    encoded = np.stack([encode(jnp.asarray(pair), jnp.asarray(sample.focal)) for pair in flow])
    steps = sample.poses._replace(flow=encoded)
    first = jax.tree.map(lambda array: jnp.asarray(array[0]), steps)
    state = rollout.displaced_state(core, 8, first, offset())
    poses, state = [state.pose[0]], rollout.begin(core, state, first)
    terms = losses.OFFICIAL_STEP_TERMS if official else losses.STEP_TERMS
    sums = dict.fromkeys(terms, 0.0)
    advance = jax.jit(lambda state, now: rollout.step(core, state, now, training=True))
    for number in range(STEPS):
        now = jax.tree.map(lambda array: jnp.asarray(array[number]), steps)  # noqa: B023
        state, output = advance(state, now)
        moment = Moment(
            output.turn,
            output.virtual,
            now.real,
            now.anchor,
            jnp.asarray(sample.camera_pose[number : number + 2]),
            poses[-1],
            jnp.asarray(flow[number]),
            jnp.asarray(sample.focal),
        )
        poses.append(output.pose)
        for name, term in terms.items():
            sums[name] += float(jax.jit(term)(moment)) / STEPS
    turned = quaternion.multiply(jnp.stack(poses), quaternion.conjugate(sample.camera_pose))
    seen = quaternion.multiply(turned, sample.true_pose)
    truth = jnp.asarray(sample.true_pose)
    turn = quaternion.multiply(truth[1:], quaternion.conjugate(truth[:-1]))
    true_turn = quaternion.to_rotation_vector(turn)
    believed = jnp.zeros_like(true_turn)  # networks that do not correct the gyro have no opinion
    course = Course(seen, turned[1:], steps.interval_s, true_turn, believed, jnp.float32(1.0))
    course = jax.tree.map(jnp.asarray, course)
    return sums | {name: float(term(course)) for name, term in losses.PATH_TERMS.items()}


def offset() -> jax.Array:
    return jax.random.uniform(jax.random.split(KEY)[1], (3,), minval=-0.06, maxval=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("official", [False, True])
def test_the_loss_is_the_weighted_sum_of_the_terms(walk: Window, official: bool) -> None:
    network = small_network(official=official)
    loss, params = loss_of(network)
    total, terms = loss(params, walk)
    expected = step_by_step(network, walk)
    assert terms.keys() == WEIGHTS.keys()
    for name, value in terms.items():
        np.testing.assert_allclose(value, expected[name], rtol=2e-3, atol=1e-6, err_msg=name)
    by_hand = sum(weight * expected[name] for name, weight in WEIGHTS.items())
    np.testing.assert_allclose(total, by_hand, rtol=1e-3)


@pytest.mark.slow
def test_terms_that_are_not_named_are_not_computed(walk: Window) -> None:
    loss, params = loss_of(small_network(), weights={"smooth": 2.0})
    total, terms = loss(params, walk)
    assert list(terms) == ["smooth"]
    np.testing.assert_allclose(total, 2.0 * terms["smooth"], rtol=1e-6)


def still(sample: Window) -> Window:
    """Return the window as a camera on a tripod sees it."""
    poses = sample.poses._replace(
        real=np.broadcast_to(IDENTITY, sample.poses.real.shape),
        anchor=np.broadcast_to(IDENTITY, sample.poses.anchor.shape),
    )
    path = np.broadcast_to(IDENTITY, sample.camera_pose.shape)
    return sample._replace(
        poses=poses, camera_pose=path, true_pose=path, flow=np.zeros_like(sample.flow)
    )


@pytest.mark.slow
def test_standing_aside_of_a_still_camera_costs_what_it_should(walk: Window) -> None:
    # Our own networks' reach would not let them stand so far aside.
    network = small_network(official=True)
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = jnp.zeros_like(last.kernel[...])
    loss, params = loss_of(network)
    _, terms = loss(params, still(walk))
    aside = np.append(offset(), 1.0)
    aside /= np.linalg.norm(aside)
    angle = 2 * np.arccos(aside[3])
    gate = 1 / (1 + np.exp(-100 * (angle - np.radians(6))))
    np.testing.assert_allclose(terms["follow"], 5 * np.square(aside - IDENTITY).mean(), rtol=1e-4)
    np.testing.assert_allclose(terms["angle"], angle * gate, rtol=1e-3)
    for name in ("smooth", "c2_smooth", "stay"):
        np.testing.assert_allclose(terms[name], 0.0, atol=1e-7, err_msg=name)
    np.testing.assert_allclose(terms["acceleration"], 0.0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("official", [False, True])
def test_gradients_are_finite_for_a_still_camera(walk: Window, official: bool) -> None:
    network = small_network(official=official)
    gradient = gradient_of(network, still(walk), Feeding(displacement=0.0))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def influence_of_early_steps(network: FusedNetwork, walk: Window, feeding: Feeding) -> float:
    """Return the largest slope of the later half's terms by what the earlier half saw."""
    loss, params = loss_of(network, feeding, {"optical": 1.0})
    half = STEPS // 2
    # The optical term does not see steps whose flow leads out of the frame. The first of the later
    # half is left out as well, for it compares with a pose of the earlier.
    number = np.arange(STEPS)[:, None, None, None]
    flow = np.where(number <= half, np.float16(2.0), walk.flow)

    def of_later_half(early: jax.Array) -> jax.Array:
        real = jnp.concatenate([early, walk.poses.real[half:]])
        return loss(params, walk._replace(poses=walk.poses._replace(real=real), flow=flow))[0]

    gradient = jax.jit(jax.grad(of_later_half))(jnp.asarray(walk.poses.real[:half]))
    return float(jnp.abs(gradient).max())


@pytest.mark.slow
def test_no_gradient_flows_back_beyond_a_cut(walk: Window) -> None:
    network = small_network(flow=False)
    whole = influence_of_early_steps(network, walk, Feeding())
    assert whole > 1e-6
    assert influence_of_early_steps(network, walk, Feeding(truncate_steps=STEPS // 2)) == 0.0
    # Cuts before steps 3 and 6 leave step 3 its influence on step 5.
    assert influence_of_early_steps(network, walk, Feeding(truncate_steps=3)) > 1e-2 * whole


@pytest.mark.slow
def test_gradient_flows_through_poses_where_it_may(
    walk: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The even turn is a memory of the real poses, through which no gradient of a pose flows.
    monkeypatch.setattr(even_turn, "begin", lambda real: jnp.zeros((even_turn.STAGES, 3)))
    monkeypatch.setattr(even_turn, "follow", lambda turn, *_: turn)
    network = small_network(flow=False, filters=2)
    for layer in network.core.lstm:
        layer.input.kernel[...] = jnp.zeros_like(layer.input.kernel[...])
    # Without memory there is no way but through the poses fed back.
    assert influence_of_early_steps(network, walk, Feeding()) > 1e-6
    stopped = Feeding(gradient_through_poses=False)
    assert influence_of_early_steps(network, walk, stopped) == 0.0


@pytest.mark.slow
def test_stopping_and_cutting_leave_the_loss_itself_alone(walk: Window) -> None:
    network = small_network()
    loss, params = loss_of(network, weights=FEW)
    for feeding in (Feeding(gradient_through_poses=False), Feeding(truncate_steps=2)):
        other, _ = loss_of(network, feeding, FEW)
        np.testing.assert_allclose(other(params, walk)[0], loss(params, walk)[0], rtol=1e-6)


@pytest.mark.slow
def test_the_run_before_the_first_step_gets_its_gradient(walk: Window) -> None:
    """The network's state advances twice at the first step, and both are learnt from."""
    network = small_network(lstm=(6,))
    loss, params = loss_of(network, weights={"smooth": 1.0})
    gradient = jax.grad(lambda p: loss(p, walk)[0])(params)["core"]["lstm"][0]["input"]["bias"]
    slopes = []
    for index in range(3):
        ends = []
        for side in (1.0, -1.0):
            shifted = jax.tree.map(lambda leaf: leaf, params)
            bias = shifted["core"]["lstm"][0]["input"]["bias"]
            bias[...] = bias[...].at[index].add(side * 0.03)
            ends.append(float(loss(shifted, walk)[0]))
        slopes.append((ends[0] - ends[1]) / 0.06)
    np.testing.assert_allclose(gradient[...][:3], slopes, rtol=0.02, atol=1e-7)


@pytest.fixture(scope="module")
def stored_gradient(walk: Window) -> Any:
    return gradient_of(small_network(), walk, weights=FEW)


@pytest.mark.slow
def test_recomputing_changes_no_gradient(walk: Window, stored_gradient: Any) -> None:
    recomputed = gradient_of(small_network(), walk, Feeding(recompute=True), FEW)
    assert distance(stored_gradient, recomputed) < 1e-4


@pytest.mark.slow
def test_bfloat16_is_close_to_float32(walk: Window, stored_gradient: Any) -> None:
    network = small_network()
    loss, params = loss_of(network, weights=FEW)
    coarse, _ = loss_of(network, Feeding(bfloat16=True), FEW)
    (total, _), (near, near_terms) = loss(params, walk), coarse(params, walk)
    assert total != near
    np.testing.assert_allclose(near, total, rtol=0.05)
    gradient = gradient_of(network, walk, Feeding(bfloat16=True), FEW)
    leaves = jax.tree.leaves((near, near_terms, gradient))
    assert all(leaf.dtype == jnp.float32 for leaf in leaves)
    assert 0.0 < distance(stored_gradient, gradient) < 0.2


@pytest.mark.slow
def test_bfloat16_with_fusion_is_finite_and_close() -> None:
    sample = window.window_at(biased_record(FLOW_SIZE, 30), 5, STEPS, np.uint32(1), fusion=True)
    network, weights = small_network(fusion=4), {"camera_turn": 1.0}
    (fine, params), (coarse, _) = (
        loss_of(network, Feeding(bfloat16=each), weights) for each in (False, True)
    )
    near, slope = jax.jit(jax.value_and_grad(lambda p: coarse(p, sample)[0]))(params)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((near, slope)))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((near, slope)))
    np.testing.assert_allclose(near, fine(params, sample)[0], rtol=0.05)


def distance(one: Any, other: Any) -> float:
    """Return how far apart two gradients are, as a share of the first's length."""
    apart = optax.tree.norm(jax.tree.map(jnp.subtract, one, other))
    return float(apart / optax.tree.norm(one))


def swaying(factor: float) -> Window:
    """Return a window of a camera that turns about one axis only, by so much."""
    record = walking_record(FLOW_SIZE, 30)
    time_s = (record.gyro_time_ns - record.gyro_time_ns[0]) * 1e-9
    vector = np.zeros((len(time_s), 3))
    vector[:, 1] = factor * 0.02 * np.sin(9.0 * time_s)
    frames_s = (record.time_ns - record.gyro_time_ns[0]) * 1e-9
    true = np.zeros((len(frames_s), 3))
    true[:, 1] = factor * 0.02 * np.sin(9.0 * frames_s)
    record = record._replace(
        gyro_pose=quaternion.from_rotation_vector(vector),
        true_pose=quaternion.from_rotation_vector(true).astype(np.float32),
        flow=(factor * record.flow).astype(np.float16),
    )
    return window.window_at(record, 5, STEPS, np.uint32(1))


@pytest.mark.slow
def test_twice_the_motion_at_twice_the_strength_costs_the_same() -> None:
    network = small_network()
    last = network.core.fully_connected[-1].linear
    # Turns about one axis commute, as those of small angle nearly do.
    last.kernel[...] = last.kernel[...] * jnp.asarray([[0.0, 1.0, 0.0, 0.0]])
    weights = {"acceleration": 1.0, "jerk": 1.0}
    plain, params = loss_of(network, Feeding(displacement=0.0), weights)
    doubled, _ = loss_of(network, Feeding(displacement=0.0, strengths=(2.0, 2.0)), weights)
    small, large = plain(params, swaying(1.0))[1], doubled(params, swaying(2.0))[1]
    assert float(small["acceleration"]) > 0.1
    for name in weights:
        np.testing.assert_allclose(large[name], small[name], rtol=2e-3, err_msg=name)
    at_one = plain(params, swaying(2.0))[1]
    assert abs(float(at_one["acceleration"]) / float(small["acceleration"]) - 1.0) > 0.05


@pytest.mark.slow
def test_strengths_are_drawn_evenly_between_their_logarithms(walk: Window) -> None:
    graph, params = nnx.split(small_network())
    feeding = Feeding(strengths=(0.5, 4.0))

    def acceleration(key: jax.Array) -> jax.Array:
        weights = {"acceleration": jnp.float32(1.0)}
        return window_loss(graph, feeding, params, walk, key, weights)[0]

    found = jax.vmap(acceleration)(jax.random.split(KEY, 16))
    assert len(np.unique(found)) == 16
