"""What StabGAN's tests share."""

from pathlib import Path

import numpy as np
import pytest

from dvs_jax.stabgan import official_weights
from dvs_jax.stabgan.official_discriminator import OfficialDiscriminator
from dvs_jax.stabgan.official_generator import OfficialGenerator
from tests import state_dicts

from .weights import DISCRIMINATOR_SEED, GENERATOR_SEED


@pytest.fixture(scope="session")
def numbers(golden: Path):
    """What the official networks and losses gave."""
    return np.load(golden / "stabgan/network.npz")


@pytest.fixture(scope="session")
def generator_weights(golden: Path):
    """The generator's state dict with which they were recorded."""
    return state_dicts.draw(golden / "stabgan/generator_keys.txt", GENERATOR_SEED)


@pytest.fixture(scope="session")
def discriminator_weights(golden: Path):
    """The discriminator's likewise."""
    return state_dicts.draw(golden / "stabgan/discriminator_keys.txt", DISCRIMINATOR_SEED)


@pytest.fixture(scope="session")
def generator(generator_weights) -> OfficialGenerator:
    """The generator with those weights."""
    return official_weights.generator_from(generator_weights, Path("recipe"))


@pytest.fixture
def discriminator(discriminator_weights) -> OfficialDiscriminator:
    """The discriminator with those weights, in training mode."""
    return official_weights.discriminator_from(discriminator_weights, Path("recipe"))
