"""A synthetic walk, and a network that knows its margin."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import evaluation, synthetic
from dvs_jax.evaluation import Footage
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork

from .footage import SIZE, record_of


@pytest.fixture(scope="session")
def walking() -> Footage:
    clip = synthetic.SyntheticClip("walking", duration_s=6.0, size=SIZE, seed=5)
    return evaluation.of_record(record_of(synthetic.true_path(synthetic.record(clip))))


@pytest.fixture(scope="session")
def margin_keeper() -> FusedNetwork:
    """A network that hardly turns until the camera has left it by some 2°, and then follows.

    With e half the angle to the camera's own pose, it turns by 0.9·(e − m·h(e/m)), where h, an LSTM
    with open gates that forgets at once, is tanh of tanh.
    """
    layers = {"lstm": (3,), "fully_connected": (FullyConnected(4),), "filters": 1}
    network = FusedNetwork(Architecture(flow=False, **layers), nnx.Rngs(0))
    core, margin, gain = network.core, 0.02, 0.9
    to_camera = np.zeros((92, 3), np.float32)
    for axis in range(3):
        to_camera[4 * 10 + axis, axis] = 1.0
        to_camera[4 * 22 + axis, axis] = -1.0
    gates = np.zeros((92, 12), np.float32)
    gates[:, 6:9] = to_camera / margin
    lstm, last = core.lstm[0], core.fully_connected[0].linear
    lstm.input.kernel[...] = jnp.asarray(gates)
    lstm.input.bias[...] = jnp.asarray([20.0] * 3 + [-20.0] * 3 + [0.0] * 3 + [20.0] * 3)
    lstm.recurrent.kernel[...] = jnp.zeros((3, 12))
    last.kernel[...] = jnp.asarray(-gain * margin * np.eye(3, 4, dtype=np.float32))
    last.bias[...] = jnp.asarray([0.0, 0.0, 0.0, 1.0])
    core.filters.maps.kernel[...] = jnp.asarray(gain * to_camera @ np.eye(3, 4, dtype=np.float32))
    network.eval()
    return network
