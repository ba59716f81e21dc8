from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.stabnet import official_network
from dvs_jax.stabnet.official_network import HEIGHT, WIDTH, OfficialNetwork, network_input


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "stabnet/network.npz")


@pytest.fixture(scope="module")
def shown(numbers):
    """Two samples as the network takes them."""
    grey = np.moveaxis(numbers["frames"], -1, 1) / np.float32(255) - np.float32(0.5)
    black = np.moveaxis(numbers["masks"], -1, 1).astype(np.float32)
    steady = grey[:, :6] * (1 - black) - black
    return jax.vmap(network_input)(steady, black, grey[:, 6])


@partial(jax.jit, static_argnums=0)
def everything(graph, state, x):
    network = nnx.merge(graph, state)
    stages = network.encoder.stages(x)
    pooled = nnx.relu(network.encoder.norm(stages[-1])).mean((1, 2))
    means = [stage.mean((1, 2)) for stage in stages]
    return means, stages[0][0, :6, :6], pooled, network.displacements(pooled)


@pytest.mark.slow
def test_numbers_are_those_of_the_official_program(split, shown, numbers):
    means, corner, pooled, theta = everything(*split, shown)
    for name, mean in zip(["pool1", "block1", "block2", "block3", "block4"], means, strict=True):
        assert np.abs(mean - numbers[f"{name}_mean"]).max() < 1e-4, name
    assert np.abs(corner - numbers["pool1_corner"]).max() < 1e-4
    assert np.abs(pooled - numbers["pooled"]).max() < 1e-4
    assert np.abs(theta - numbers["theta"]).max() < 1e-4


@pytest.mark.slow
def test_training_takes_the_batchs_statistics_and_follows_them(network, shown, numbers):
    trained = nnx.clone(network)
    trained.train()
    graph, state = nnx.split(trained)

    @jax.jit
    def step(state, x):
        network = nnx.merge(graph, state)
        return network(x), nnx.state(network, nnx.BatchStat)["encoder"]["norm"]

    theta, moving = step(state, shown)
    assert np.abs(theta - numbers["theta_train"]).max() < 1e-4
    assert np.abs(moving["mean"][...] - numbers["postnorm_mean_after"]).max() < 1e-4
    assert np.abs(moving["var"][...] - numbers["postnorm_var_after"]).max() < 1e-4


@pytest.mark.slow
def test_numbers_at_the_official_size(split, numbers):
    frames = np.random.default_rng(11).integers(0, 256, (HEIGHT, WIDTH, 13), dtype=np.uint8)
    grey = jnp.moveaxis(frames[..., 6:] / np.float32(255) - np.float32(0.5), -1, 0)
    x = network_input(grey[:6], jnp.zeros_like(grey[:6]), grey[6])
    *_, theta = everything(*split, x[None])
    assert np.abs(theta - numbers["theta_full"]).max() < 1e-4


def test_its_size_is_that_of_the_official_one():
    network = official_network.without_weights()
    assert isinstance(network, OfficialNetwork)
    assert official_network.parameter_count(network) == 30_395_698
