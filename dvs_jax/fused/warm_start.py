"""Initial weights for training from another network."""

from dataclasses import replace
from typing import Any

import jax
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork, without_weights


def network_from(source: str, wanted: Architecture, seed: int) -> FusedNetwork:
    """Return a network with the weights of another, in training mode.

    Weights without flow can start a network that corrects the gyro by flow: the layers that read
    flow are initialised at random, and at first have no effect.

    Args:
        source: another run's model, a name, or an official PyTorch checkpoint.
        wanted: the network's architecture.
        seed: for the layers initialised at random.

    Raises:
        InputError: the source cannot be read, or has another architecture; the settings and tensors
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
    """Return the settings that change the meaning of weights, but not their shapes."""
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
