"""Weights of other networks to begin training with."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.fused import warm_start, weights
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork

POSES = Architecture(flow=False, lstm=(8,), turn_unit=0.02, filters=3)
FUSED = replace(POSES, flow=True, fusion=4, flow_size=(30, 17))


@pytest.mark.slow
def test_a_network_that_corrects_the_gyro_starts_with_the_core_of_one_without(tmp_path):
    poses = FusedNetwork(POSES, nnx.Rngs(1))
    weights.save(poses, tmp_path / "poses")
    network = warm_start.network_from(str(tmp_path / "poses"), FUSED, 0)
    seen = jax.random.normal(jax.random.key(0), (POSES.input_features,)) * 0.02
    wanted = poses.core(poses.core.initial_state(), seen)[1]
    found = network.core(network.core.initial_state(), seen)[1]
    np.testing.assert_array_equal(found, wanted)


RELU, SIGMOID = ((FullyConnected(6, name), FullyConnected(4)) for name in ("relu", "sigmoid"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"turn_unit": 1.0}, "turn_unit 0.02 instead of 1.0;"),
        ({"official": True}, "official False instead of True;"),
        (
            {"fully_connected": SIGMOID},
            "fully_connected.0.activation relu instead of sigmoid;",
        ),
    ],
)
@pytest.mark.parametrize("wanted", [POSES, FUSED], ids=["as it is", "with fusion"])
def test_weights_that_were_trained_otherwise_are_refused(tmp_path, wanted, changes, told):
    """Their tensors have the same shapes, and would mean something else."""
    trained = replace(POSES, fully_connected=RELU)
    weights.save(FusedNetwork(trained, nnx.Rngs(1)), tmp_path / "poses")
    asked = replace(wanted, **{"fully_connected": RELU, **changes})
    with pytest.raises(InputError) as refused:
        warm_start.network_from(str(tmp_path / "poses"), asked, 0)
    assert f"is another network than config.model describes: {told}" in str(refused.value)
