"""Flow of what is fixed to the camera, told from that of the scene."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.camera import Camera
from dvs_jax.fused import scene_flow
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.motion import attached

from .records import flow_of

SIZE = (30, 17)
FOCAL = np.float32([0.79, 1.4])
SIDES = np.float32([1.0, 9 / 16])
TURNS = np.random.default_rng(2).normal(0.0, 0.01, (32, 3))
BONNET = slice(9, None)
"""Rows of the picture that it covers."""


def filmed(covered: slice = slice(0)) -> np.ndarray:
    """Flow of a camera that shakes before a far scene, of which a bonnet covers a part."""
    flow = np.stack([flow_of(turn, FOCAL, SIZE) for turn in TURNS]).astype(np.float32)
    flow[:, covered] = 0.0
    return flow + np.random.default_rng(3).normal(0.0, 2e-5, flow.shape).astype(np.float32)


def read(flow: np.ndarray) -> np.ndarray:
    evidence, parts = attached.no_evidence(), []
    for portion in np.split(flow, 2):
        evidence, seen = scene_flow.of_scene(evidence, portion, FOCAL, SIDES)
        parts.append(np.asarray(seen))
    return np.concatenate(parts)


def test_a_bonnets_flow_becomes_that_of_the_scenes_turn():
    found = read(filmed(BONNET))
    np.testing.assert_array_equal(found[:, :8], filmed(BONNET)[:, :8])
    wanted = np.stack([flow_of(turn, FOCAL, SIZE) for turn in TURNS])
    np.testing.assert_allclose(found[:, BONNET], wanted[:, BONNET], atol=2e-3)


@pytest.mark.parametrize("covered", [slice(0), slice(None)], ids=["scene", "all stands"])
def test_flow_of_one_kind_stays_as_it_is(covered):
    np.testing.assert_array_equal(read(filmed(covered)), filmed(covered))


def test_what_a_thing_before_the_scene_does_does_not_count():
    flow = filmed(BONNET)
    flow[:, 2:5, 10:16] += 0.01
    wanted = np.stack([flow_of(turn, FOCAL, SIZE) for turn in TURNS])
    np.testing.assert_allclose(read(flow)[:, BONNET], wanted[:, BONNET], atol=3e-3)


@pytest.mark.parametrize("official", [False, True])
def test_a_network_of_ours_reads_the_scene_alone(official):
    size = (48, 27) if official else SIZE
    wanted = Architecture(lstm=(4,), fusion=0 if official else 4, official=official, flow_size=size)
    network, camera = FusedNetwork(wanted, nnx.Rngs(0)), Camera(focal_length=(0.79, 0.79))
    whole, covered = (
        np.stack([np.broadcast_to(pair[:1, :1], (size[1], size[0], 4)) for pair in each])
        if official
        else each
        for each in (filmed(), filmed(BONNET))
    )
    told, of_covered = (
        FlowReader(network, camera, (1920, 1080), 1.0)(each)[-8:] for each in (whole, covered)
    )
    tolerance = 0.0 if official else 2e-4
    np.testing.assert_allclose(of_covered[:, :3], told[:, :3], atol=tolerance)


def test_pairs_one_by_one_are_read_alike_once_it_is_known():
    network = FusedNetwork(Architecture(lstm=(4,), fusion=4, flow_size=SIZE), nnx.Rngs(0))
    view, flow = (Camera(), (1920, 1080), 1.0), filmed(BONNET)
    at_once, one_by_one = FlowReader(network, *view), FlowReader(network, *view)
    single = np.concatenate([one_by_one([pair]) for pair in flow])
    np.testing.assert_allclose(single[-8:], at_once(flow)[-8:], atol=1e-5)
    assert jnp.isfinite(single).all()
