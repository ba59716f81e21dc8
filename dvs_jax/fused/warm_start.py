"""Weights to begin training with, instead of drawn ones."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import FLOW_FEATURES, Architecture
from dvs_jax.fused.network import FlowEncoder, FusedNetwork, without_weights


def network_from(source: str, wanted: Architecture, seed: int) -> FusedNetwork:
    """Return a network of other weights, in training mode.

    Weights without flow can start a network that corrects the gyro by flow, and at first does not:
    what reads flow is drawn.

    Args:
        source: another run's model, a name, or an official PyTorch checkpoint.
        wanted: what the network is to be.
        seed: of what is drawn.

    Raises:
        InputError: the source cannot be read, or is another network; the settings and the tensors
            that differ are named.
    """
    given = weights.load_model(source)
    if wanted.fusion and not given.architecture.flow:
        network = _with_fusion(given, wanted, source, seed)
    else:
        _require_same_layers(given.architecture, wanted, source)
        network = given
    network.architecture = network.core.architecture = wanted
    network.train()
    return network


def _with_fusion(given: FusedNetwork, wanted: Architecture, source: str, seed: int) -> FusedNetwork:
    with_fusion = replace(given.architecture, flow=True, fusion=wanted.fusion)
    _require_same_layers(with_fusion, wanted, source)
    network = FusedNetwork(wanted, nnx.Rngs(seed))
    nnx.update(network.core, nnx.state(given.core))
    return network


def excite(network: FusedNetwork, seed: int) -> None:
    """Scale a drawn encoder's weights so that what it gives out is as large as what it reads.

    Each 3 × 3 kernel that meets a single pixel loses eight of its nine taps: what came out of small
    flow was a thousand times too small to learn from. Without biases, ReLU layers answer k times a
    kernel with k times the output. What comes out last starts above zero: a feature that is zero
    for all flow would never learn.
    """
    encoder = network.encoder
    if not isinstance(encoder, FlowEncoder):
        return
    columns, rows = network.architecture.flow_size
    flow = encoder.unit * jax.random.normal(jax.random.key(seed), (rows, columns, 4))
    size = jnp.sqrt(jnp.square(encoder(flow, jnp.ones(2))).mean())
    layers: list[Any] = [*encoder.convolutions, encoder.linear]
    for layer in layers:
        layer.kernel = nnx.Param(layer.kernel[...] * (1.0 / size) ** (1.0 / len(layers)))
    encoder.linear.bias = nnx.Param(jnp.ones(FLOW_FEATURES))


def _require_same_layers(given: Architecture, wanted: Architecture, source: str) -> None:
    old, new = (_settings(each) | _shapes(each) for each in (given, wanted))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not names:
        return
    listed = ", ".join(f"{name} {old.get(name)} instead of {new.get(name)}" for name in names[:5])
    raise InputError(
        f"{source}: is another network than config.model describes: {listed}"
        f"{' and more' if len(names) > 5 else ''}; set config.model as it was trained, or name "
        "other weights"
    )


def _settings(wanted: Architecture) -> dict[str, Any]:
    """Return what weights of the same shapes may still be meant for otherwise."""
    activations = {
        f"{kind}.{index}.activation": layer.activation
        for kind in ("convolutions", "fully_connected")
        for index, layer in enumerate(getattr(wanted, kind))
    }
    return {"turn_unit": wanted.turn_unit, "official": wanted.official, **activations}


def _shapes(wanted: Architecture) -> dict[str, Any]:
    state = nnx.to_pure_dict(nnx.split(without_weights(wanted))[1])
    leaves = jax.tree_util.tree_leaves_with_path(state)
    shapes = {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf.shape for path, leaf in leaves
    }
    return dict(sorted(shapes.items()))
