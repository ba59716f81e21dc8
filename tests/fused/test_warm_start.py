"""Weights of other networks to begin training with."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dvs_jax.fused import warm_start, weights
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork

POSES = Architecture(flow=False, lstm=(8,), turn_unit=0.02, filters=3)
FUSED = replace(POSES, flow=True, fusion=4, flow_size=(30, 17))
PAPERS_WAY = replace(FUSED, fusion=0)


def test_a_network_that_corrects_the_gyro_starts_with_the_core_of_one_without(tmp_path):
    poses = FusedNetwork(POSES, nnx.Rngs(1))
    weights.save(poses, tmp_path / "poses")
    network = warm_start.network_from(str(tmp_path / "poses"), FUSED, 0)
    seen = jax.random.normal(jax.random.key(0), (POSES.input_features,)) * 0.02
    wanted = poses.core(poses.core.initial_state(), seen)[1]
    found = network.core(network.core.initial_state(), seen)[1]
    np.testing.assert_array_equal(found, wanted)


def test_a_drawn_encoder_is_excited_by_flow_of_its_unit():
    network = FusedNetwork(PAPERS_WAY, nnx.Rngs(0))
    quiet = jnp.abs(network.encoder(0.02 * jnp.ones((17, 30, 4)), jnp.ones(2))).max()
    warm_start.excite(network, 0)
    flow = 0.02 * jax.random.normal(jax.random.key(0), (17, 30, 4))
    told = network.encoder(flow, jnp.ones(2))
    assert quiet < 0.1
    assert (told[:6] > 0).any()
    # One is the bias; what flow adds to it is of its own size.
    np.testing.assert_allclose(jnp.sqrt(jnp.square(told - 1.0).mean()), 1.0, atol=0.7)
