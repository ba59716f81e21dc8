"""The network and the loss that a config describes, without the data to train it on."""

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
"""Virtual poses remembered: 80 ms of them at up to 75 frames/s."""

FIRST_TURNS = 0.05
"""Share of their drawn size at which the last layer's weights start: a path that hardly turns."""


def create_network(config: ConfigDict) -> FusedNetwork:
    """Return the network that training starts with: drawn, or read where the config says so.

    Raises:
        InputError: what it is to start from cannot be read, or is another network.
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
    """Return the network's description that a config asks for."""
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
