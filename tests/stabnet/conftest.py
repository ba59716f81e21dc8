"""What StabNet's tests share."""

from pathlib import Path

import pytest
from flax import nnx

from dvs_jax.stabnet import official_weights
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.official_network import OfficialNetwork

from .weights import recipe


@pytest.fixture(scope="session")
def port_weights(golden: Path):
    """The state dict with which the golden numbers were recorded."""
    return recipe(golden / "stabnet/keys.txt")


@pytest.fixture(scope="session")
def network(port_weights) -> OfficialNetwork:
    """The network with those weights, in inference mode."""
    return official_weights.from_port(port_weights, Path("recipe"))


@pytest.fixture(scope="session")
def split(network):
    """The network as a graph and its state."""
    return nnx.split(network)


@pytest.fixture(scope="session")
def untrained() -> Network:
    """Ours; features of random filters can be compared too."""
    return Network(nnx.Rngs(0))
