from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.flow import estimate, raft, raft_weights
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.flow.raft_network import Raft

from .textures import homography_flow, textured_frame
from .weights import LARGE_PARAMETERS, SMALL_PARAMETERS, published_small, recipe, untrained_small


@pytest.fixture(scope="module")
def small(published_models) -> Raft:
    return raft_weights.load(published_small(published_models))


@pytest.fixture(scope="module")
def untrained() -> Raft:
    return untrained_small()


@partial(jax.jit, static_argnums=(0, 4))
def _inside(graph, weights, image1, image2, iterations):
    """The feature map, the coarse flow and the flow, as the official program reports them."""
    network = nnx.merge(graph, weights)
    first, second = network.encode(image1), network.encode(image2)
    _, coarse = network.coarse_flow(first, second, iterations)
    return first.features, coarse, network.flow(first, second, iterations)


@pytest.mark.parametrize(
    ("name", "parameters"), [("small", SMALL_PARAMETERS), ("large", LARGE_PARAMETERS)]
)
def test_numbers_are_those_of_the_official_program(golden, name, parameters):
    state_dict = recipe(golden / "raft" / f"raft_{name}_keys.txt")
    statistics = [v for k, v in state_dict.items() if "running" in k or "downsample.1" in k]
    assert sum(v.size for v in state_dict.values()) - sum(v.size for v in statistics) == parameters
    network = raft_weights.network(raft_weights.converted(state_dict, "recipe"), "recipe")
    expected = np.load(golden / "raft" / f"raft_{name}.npz")
    features, coarse, flow = _inside(
        *nnx.split(network), expected["image1"], expected["image2"], int(expected["iters"])
    )
    assert np.abs(features - expected["fnet_image1"]).max() < 1e-4
    assert np.abs(coarse - expected["flow_low"]).max() < 1e-3
    assert np.abs(flow - expected["flow_up"]).max() < 1e-2


def test_published_weights_give_the_published_flow(golden, small):
    expected = np.load(golden / "raft" / "raft_small_real.npz")
    frames = [expected["image1"], expected["image2"]]
    (pair,) = RaftEstimator("raft", small, iterations=int(expected["iters"])).pairs(frames)
    assert np.abs(pair.forward - expected["flow_up"]).mean() < 1e-3
    assert np.abs(pair.backward - expected["flow_up_backward"]).mean() < 1e-3


def test_known_motion_is_found_both_ways(moved_pair, shake, small):
    (pair,) = estimate(moved_pair(shake), RaftEstimator("raft", small), size=(272, 480))
    for flow, homography in ((pair.forward, shake), (pair.backward, np.linalg.inv(shake))):
        error = np.linalg.norm(flow - homography_flow(homography, 272, 480), axis=-1)
        assert np.median(error) < 0.5


def test_bfloat16_stays_close(golden, published_models, small):
    real = np.load(golden / "raft" / "raft_small_real.npz")
    frames = [real[name][100:164, 100:172] for name in ("image1", "image2")]
    half = raft_weights.load(published_small(published_models), dtype=jnp.bfloat16)
    (exact,) = RaftEstimator("raft", small, iterations=2).pairs(frames)
    (pair,) = RaftEstimator("raft", half, iterations=2).pairs(frames)
    assert pair.forward.dtype == np.float32
    difference = np.linalg.norm(pair.forward - exact.forward, axis=-1)
    assert 0 < np.median(difference) < 0.1


def _walk(count: int, height: int, width: int) -> list[np.ndarray]:
    world = textured_frame(height + 40, width + 40)
    corners = [(3 * i % 20, 5 * i % 30) for i in range(count)]
    return [world[y : y + height, x : x + width] for y, x in corners]


@pytest.mark.parametrize("pairs_at_once", [1, 3])
def test_a_stream_gives_what_single_pairs_give(untrained, pairs_at_once):
    frames = _walk(5, 64, 72)
    single = RaftEstimator("raft", untrained, iterations=2, pairs_at_once=1)
    streamed = list(
        RaftEstimator("raft", untrained, iterations=2, pairs_at_once=pairs_at_once).pairs(frames)
    )
    assert len(streamed) == 4
    for index, pair in enumerate(streamed):
        ((forward, backward),) = single.pairs(frames[index : index + 2])
        ((reverse, _),) = single.pairs(frames[index : index + 2][::-1])
        assert np.abs(pair.forward - forward).max() < 1e-3
        assert np.abs(pair.backward - backward).max() < 1e-3
        assert np.abs(pair.backward - reverse).max() < 1e-3


def test_each_frame_is_encoded_once(untrained, monkeypatch):
    encoded = []
    encode = Raft.encode

    def counting(self, frame):
        jax.debug.callback(lambda value: encoded.append(int(value)), frame[0, 0, 0])
        return encode(self, frame)

    monkeypatch.setattr(Raft, "encode", counting)
    # A size of its own, so that it is compiled with the counter, and no other test with it.
    frames = [np.full((64, 80, 3), value, np.uint8) for value in range(5)]
    list(RaftEstimator("raft", untrained, iterations=1, pairs_at_once=2).pairs(frames))
    jax.effects_barrier()
    assert sorted(encoded) == [0, 1, 2, 3, 4]


def test_any_size_is_padded_and_cut_back(untrained):
    size = (30, 101)
    frames = _walk(2, *size)
    (pair,) = RaftEstimator("raft", untrained, iterations=2).pairs(frames)
    assert pair.forward.shape == (*size, 2)
    padded = [np.asarray(raft._padded(frame)) for frame in frames]
    assert padded[0].shape == (64, 104, 3)
    (whole,) = RaftEstimator("raft", untrained, iterations=2).pairs(padded)
    top, left = ((padded[0].shape[axis] - size[axis]) // 2 for axis in (0, 1))
    inner = whole.forward[top : top + size[0], left : left + size[1]]
    assert np.abs(pair.forward - inner).max() < 1e-3


def test_one_frame_gives_no_pair(untrained):
    assert list(RaftEstimator("raft", untrained).pairs([])) == []
    assert list(RaftEstimator("raft", untrained).pairs(_walk(1, 64, 64))) == []


def test_both_ways_to_the_correlation_give_equal_flow(untrained):
    graph, weights = nnx.split(untrained)
    first, second = (jnp.asarray(frame) for frame in _walk(2, 64, 72))
    last = raft.encode(graph, weights, first)
    full, saving = (
        raft.advance(graph, weights, last, second[None], 2, on_demand=way) for way in (False, True)
    )
    for one, other in zip(full[1:], saving[1:], strict=True):
        assert np.abs(one - other).max() < 1e-3
