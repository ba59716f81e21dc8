"""Makes the network and the loss that a config describes."""

from functools import partial

import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.objective import Feeding, window_loss
from dvs_jax.fused.warm_start import network_from
from dvs_jax.training.step import Loss

RING = 8
"""Virtual poses kept: 80 ms of them at up to 75 frames/s."""

FIRST_TURNS = 0.05
"""Factor on the last layer's initial weights, so that the first paths hardly rotate."""


def create_network(config: ConfigDict) -> FusedNetwork:
    """Return the network to start training from: initialised, or loaded if the config says so.

    Raises:
        InputError: the weights to start from cannot be read, or belong to another architecture.
    """
    wanted = architecture_of(config)
    if config.model.start_from:
        return network_from(config.model.start_from, wanted, config.train.seed)
    network = FusedNetwork(wanted, nnx.Rngs(config.train.seed))
    last = network.core.fully_connected[-1].linear
    last.kernel = nnx.Param(FIRST_TURNS * last.kernel[...])
    last.bias = nnx.Param(jnp.asarray([0.0, 0.0, 0.0, 1.0]))
    return network


def architecture_of(config: ConfigDict) -> Architecture:
    """Return the architecture that a config describes."""
    model = config.model
    hidden = tuple(FullyConnected(size, "relu") for size in model.fully_connected)
    return Architecture(
        flow=model.flow,
        lstm=tuple(model.lstm),
        fully_connected=(*hidden, FullyConnected(4)),
        turn_unit=model.turn_unit,
        filters=model.filters,
        fusion=model.fusion,
        flow_size=tuple(model.flow_size),
        poses_each_side=model.poses_each_side,
        official=model.official,
    )


def make_loss(graph: nnx.GraphDef[FusedNetwork], config: ConfigDict) -> Loss:
    """Return the loss of one window (see `objective.window_loss`)."""
    return partial(window_loss, graph, Feeding(RING, **config.rollout.to_dict()))
