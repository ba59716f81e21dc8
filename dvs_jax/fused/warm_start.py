"""Weights to begin training with, instead of drawn ones."""

from collections.abc import Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from dvs_jax.errors import InputError
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork, without_weights


def network_from(source: str, wanted: Architecture, seed: int) -> FusedNetwork:
    """Return a network of other weights, in training mode.

    Weights without flow can start a network with flow, which at first pays no heed to it: what is
    multiplied with the encoded flow is zero, and the encoder is drawn.

    Args:
        source: another run's model, a name, or an official PyTorch checkpoint.
        wanted: what the network is to be.
        seed: of what is drawn.

    Raises:
        InputError: the source cannot be read, or is another network; the tensors that differ are
            named.
    """
    given = weights.load_model(source)
    if wanted.flow and not given.architecture.flow:
        network = _with_flow(given, wanted, source, seed)
    else:
        _require_same_layers(given.architecture, wanted, source)
        network = given
    network.architecture = network.core.architecture = wanted
    network.train()
    return network


def _with_flow(given: FusedNetwork, wanted: Architecture, source: str, seed: int) -> FusedNetwork:
    with_flow = replace(given.architecture, flow=True, flow_size=wanted.flow_size)
    _require_same_layers(with_flow, wanted, source)
    network = FusedNetwork(wanted, nnx.Rngs(seed))
    core = jax.tree.map(_widened, nnx.state(network.core), nnx.state(given.core))
    nnx.update(network.core, core)
    return network


def _widened(drawn: Array, given: Array) -> Array:
    """Return given weights with zeros for the inputs that only the drawn ones have: the last."""
    missing = [(0, wide - narrow) for wide, narrow in zip(drawn.shape, given.shape, strict=True)]
    return jnp.pad(given, missing)


def _require_same_layers(given: Architecture, wanted: Architecture, source: str) -> None:
    old, new = (_shapes(each) for each in (given, wanted))
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    if not names:
        return
    listed = ", ".join(f"{name} {old.get(name)} instead of {new.get(name)}" for name in names[:5])
    raise InputError(
        f"{source}: is another network than config.model describes: {listed}"
        f"{' and more' if len(names) > 5 else ''}; set config.model as it was trained, or name "
        "other weights"
    )


def _shapes(wanted: Architecture) -> Mapping[str, tuple[int, ...]]:
    state = nnx.to_pure_dict(nnx.split(without_weights(wanted))[1])
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf.shape for path, leaf in leaves
    }
