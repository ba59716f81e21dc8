"""Weights of other networks to begin training with."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dvs_jax.fused import warm_start, weights
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork

POSES = Architecture(flow=False, lstm=(8,), turn_unit=0.02, filters=3)
FLOW = Architecture(flow=True, lstm=(8,), turn_unit=0.02, filters=3, flow_size=(30, 17))


def test_a_network_with_flow_starts_as_one_without(tmp_path):
    poses = FusedNetwork(POSES, nnx.Rngs(1))
    weights.save(poses, tmp_path / "poses")
    network = warm_start.network_from(str(tmp_path / "poses"), FLOW, 0)
    seen = jax.random.normal(jax.random.key(0), (POSES.input_features,)) * 0.02
    flow = jax.random.normal(jax.random.key(1), (64,))
    wanted = poses.core(poses.core.initial_state(), seen)[1]
    found = network.core(network.core.initial_state(), jnp.concatenate([seen, flow]))[1]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_drawn_encoder_is_excited_by_flow_of_its_unit():
    network = FusedNetwork(FLOW, nnx.Rngs(0))
    quiet = jnp.abs(network.encoder(0.02 * jnp.ones((17, 30, 4)))).max()
    warm_start.excite(network, 0)
    flow = 0.02 * jax.random.normal(jax.random.key(0), (17, 30, 4))
    told = network.encoder(flow)
    assert quiet < 0.1
    assert (told[:6] > 0).any()
    # One is the bias; what flow adds to it is of its own size.
    np.testing.assert_allclose(jnp.sqrt(jnp.square(told - 1.0).mean()), 1.0, atol=0.7)
