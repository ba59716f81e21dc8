from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.flow import FlowPair, estimate, raft, raft_weights
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_published_weights_give_the_published_flow(golden, small):
    expected = np.load(golden / "raft" / "raft_small_real.npz")
    frames = [expected["image1"], expected["image2"]]
    (pair,) = RaftEstimator("raft", small, iterations=int(expected["iters"])).pairs(frames)
    assert np.abs(pair.forward - expected["flow_up"]).mean() < 1e-3
    assert np.abs(pair.backward - expected["flow_up_backward"]).mean() < 1e-3


@pytest.mark.slow
def test_known_motion_is_found_both_ways(moved_pair, shake, small):
    (pair,) = estimate(moved_pair(shake), RaftEstimator("raft", small), size=(272, 480))
    for flow, homography in ((pair.forward, shake), (pair.backward, np.linalg.inv(shake))):
        error = np.linalg.norm(flow - homography_flow(homography, 272, 480), axis=-1)
        assert np.median(error) < 0.5


@pytest.mark.slow
def test_bfloat16_stays_close(golden, published_models, small):
    real = np.load(golden / "raft" / "raft_small_real.npz")
    frames = [real[name][100:164, 100:172] for name in ("image1", "image2")]
    half = raft_weights.load(published_small(published_models), dtype=jnp.bfloat16)
    encoding = jax.eval_shape(half.encode, jnp.zeros((64, 72, 3), jnp.uint8))
    assert encoding.hidden.dtype == encoding.context_terms[0].dtype == jnp.bfloat16
    assert encoding.features.dtype == jnp.float32
    (exact,) = RaftEstimator("raft", small, iterations=2).pairs(frames)
    (pair,) = RaftEstimator("raft", half, iterations=2).pairs(frames)
    assert pair.forward.dtype == np.float32
    difference = np.linalg.norm(pair.forward - exact.forward, axis=-1)
    assert 0 < np.median(difference) < 0.1


def _walk(count: int, height: int, width: int) -> list[np.ndarray]:
    world = textured_frame(height + 40, width + 40)
    corners = [(3 * i % 20, 5 * i % 30) for i in range(count)]
    return [world[y : y + height, x : x + width] for y, x in corners]


@pytest.mark.slow
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


class Odd(NamedTuple):
    """Frames of an odd size, numbered in their first pixel; their flow; and what was encoded."""

    frames: list[np.ndarray]
    pairs: list[FlowPair]
    encoded: list[int]


@pytest.fixture(scope="module")
def odd(untrained) -> Odd:
    """One compilation serves two tests; the size is its own, so that nothing has compiled it."""
    encoded: list[int] = []
    encode = Raft.encode

    def counting(self, frame):
        jax.debug.callback(lambda value: encoded.append(int(value)), frame[0, 0, 0])
        return encode(self, frame)

    frames = [frame.copy() for frame in _walk(5, 30, 69)]
    for number, frame in enumerate(frames):
        frame[0, 0] = number
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Raft, "encode", counting)
        network = RaftEstimator("raft", untrained, iterations=2, pairs_at_once=3)
        pairs = list(network.pairs(frames))
        jax.effects_barrier()
    return Odd(frames, pairs, encoded)


def test_each_frame_is_encoded_once(odd):
    """The last batch lacks two frames and is filled with its last."""
    assert sorted(odd.encoded) == [0, 1, 2, 3, 4, 4, 4]


@pytest.mark.slow
def test_any_size_is_padded_and_cut_back(odd, untrained):
    padded = [np.asarray(raft._padded(frame)) for frame in odd.frames]
    assert padded[0].shape == (64, 72, 3)
    network = RaftEstimator("raft", untrained, iterations=2, pairs_at_once=3)
    for pair, whole in zip(odd.pairs, network.pairs(padded), strict=True):
        for flow, larger in zip(pair, whole, strict=True):
            assert np.abs(flow - larger[17:47, 1:70]).max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (63, 65), (64, 72), (270, 480), (1080, 1920)])
def test_padding_makes_multiples_of_eight_and_is_undone(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    padded = np.asarray(raft._padded(image))
    assert all(
        side >= 64 and side % 8 == 0 and side - old < max(8, 64)
        for side, old in zip(padded.shape[:2], size, strict=True)
    )
    assert np.array_equal(raft._unpadded(padded[None], size)[0], image)


@pytest.mark.slow
def test_one_program_serves_every_length_and_other_weights_and_copies_nothing_unasked(untrained):
    frames = _walk(8, 64, 72)
    list(RaftEstimator("raft", untrained, iterations=2, pairs_at_once=3).pairs(frames[:4]))
    programs = raft.encode._cache_size(), raft.advance._cache_size()
    other = RaftEstimator("other", untrained_small(), iterations=2, pairs_at_once=3)
    other.weights = jax.tree.map(lambda weight: 0.9 * weight, other.weights)
    with jax.transfer_guard("disallow"):
        assert [len(list(other.pairs(frames[:count]))) for count in (2, 4, 8)] == [1, 3, 7]
    assert (raft.encode._cache_size(), raft.advance._cache_size()) == programs


def test_one_frame_gives_no_pair(untrained):
    assert list(RaftEstimator("raft", untrained).pairs([])) == []
    assert list(RaftEstimator("raft", untrained).pairs(_walk(1, 64, 64))) == []


@pytest.mark.slow
def test_both_ways_to_the_correlation_give_equal_flow(untrained):
    graph, weights = nnx.split(untrained)
    first, second = (jnp.asarray(frame) for frame in _walk(2, 64, 72))
    last = raft.encode(graph, weights, first)
    full = raft.advance(graph, weights, last, second[None], 2)
    saving = raft.advance(graph, weights, last, second[None], 2, on_demand=True)
    for one, other in zip(full[1:], saving[1:], strict=True):
        assert np.abs(one - other).max() < 1e-3
