"""The camera's turn, read off flow whose turn is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from data.synthetic_clips.synthetic_clips import record_of
from dvs_jax import camera as cameras
from dvs_jax import quaternion, synthetic
from dvs_jax.camera import Camera
from dvs_jax.fused import features
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.features import encode_pairs
from dvs_jax.fused.turn import TurnEncoder
from dvs_jax.lens import Lens

from .records import flow_of

SIZE = (30, 17)


@pytest.mark.slow
@pytest.mark.parametrize("focal", [(0.79, 1.4), (1.6, 2.8), (0.5, 0.5)])
@pytest.mark.parametrize("turn", [(0.01, -0.02, 0.015), (0.0, 0.0, 0.0), (-0.05, 0.03, 0.04)])
def test_a_far_scene_tells_the_turn_through_any_lens(turn, focal):
    told = TurnEncoder(nnx.Rngs(0))(
        jnp.asarray(flow_of(np.array(turn), focal, SIZE)), jnp.array(focal)
    )
    # What is quadratic in the turn cancels between both ways; the cubic rest of 4° is 0.4 %.
    np.testing.assert_allclose(told[:3], turn, rtol=5e-3, atol=2e-6)


LENSES = [
    Lens("fisheye", (0.04, 0.01, -0.005, 0.0)),
    Lens("brown", (-0.08, 0.01, 0.001, -0.002, 0.0)),
]


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.model)
def test_a_far_scene_tells_the_turn_through_a_lens_that_bends_it(lens):
    camera, size = Camera((0.45, 0.45), (0.49, 0.52), lens=lens), (1920, 1080)
    vector = np.array([0.01, -0.02, 0.015])
    there = np.broadcast_to(quaternion.from_rotation_vector(vector), (17, 30, 4))
    x, y = np.meshgrid((np.arange(30) + 0.5) / 30, (np.arange(17) + 0.5) / 17)
    place, still = np.stack([x, y], axis=-1), np.zeros((17, 30, 2))
    start = np.broadcast_to(quaternion.identity(), there.shape)
    ways = ((start, there), (there, start))
    bent = [cameras.carried(camera, size, place, *way, still, still) - place for way in ways]
    flow = np.concatenate(bent, axis=-1).astype(np.float32)
    focal = cameras.relative_focal_length(camera, size)
    straight = features.straightened(flow, camera, size)
    (naive, told) = encode_pairs(TurnEncoder(nnx.Rngs(0)), np.stack([flow, straight]), focal)
    np.testing.assert_allclose(told[:3], vector, rtol=0.03, atol=1e-4)
    assert np.abs(naive[:3] - vector).max() > 5 * np.abs(told[:3] - vector).max()


def test_an_untrained_encoder_counts_the_whole_picture():
    told = TurnEncoder(nnx.Rngs(0))(
        jnp.asarray(flow_of(np.zeros(3), (0.8, 1.4), SIZE)), jnp.ones(2)
    )
    np.testing.assert_allclose(told[4], 0.0, atol=1e-5)


def test_what_the_turn_leaves_unexplained_is_told():
    focal, rng = (0.8, 1.4), np.random.default_rng(0)
    noise = 0.004 * rng.standard_normal((17, 30, 4))  # of directions: twice the unit
    flow = flow_of(np.array([0.01, 0.0, 0.0]), focal, SIZE) + noise * np.tile(focal, 2)
    told = TurnEncoder(nnx.Rngs(0))(jnp.asarray(flow, jnp.float32), jnp.array(focal))
    np.testing.assert_allclose(np.exp(told[3]), 2.0 * 2.0, rtol=0.05)


def test_accelerators_are_told_to_fit_exactly():
    flow, focal = jnp.zeros((17, 30, 4)), jnp.ones(2)
    lines = str(jax.make_jaxpr(TurnEncoder(nnx.Rngs(0)))(flow, focal)).splitlines()
    products = [index for index, line in enumerate(lines) if "dot_general[" in line]
    assert len(products) >= 9
    for index in products:
        assert any("HIGHEST" in line for line in lines[index : index + 4])


@pytest.mark.parametrize("ois_log", [True, False])
def test_flow_of_a_moving_lens_tells_the_turn_that_the_record_has(ois_log: bool):
    """A lens that is logged is neither in the pose nor, once taken out, in the flow."""
    clip = synthetic.SyntheticClip("handheld", "distant", 1.0, ois_log=ois_log, seed=5)
    lens = np.abs(np.diff(synthetic.lens_shift(clip), axis=0)).max()
    assert lens > 1e-3
    made = record_of(clip, "walk", None)
    exact = np.stack([pair / np.tile(SIZE, 2) for pair in synthetic.bulk_flow(clip, SIZE)])
    wanted = Architecture(fusion=4, flow_size=SIZE)
    flow = features.as_read(exact.astype(np.float32), made.lens_shift, wanted)
    told = encode_pairs(TurnEncoder(nnx.Rngs(0)), flow, made.focal)
    turn = quaternion.multiply(made.true_pose[1:], quaternion.conjugate(made.true_pose[:-1]))
    error = np.abs(told[:, :3] - quaternion.to_rotation_vector(turn)).max()
    # Rolling shutter smooths the turn, and people walk through the picture.
    assert error < 0.25 * lens
