"""Weights to test with."""

from pathlib import Path

import numpy as np

from tests import state_dicts

SEED = 3001


def recipe(keys: Path, seed: int = SEED) -> dict[str, np.ndarray]:
    """The state dict of the PyTorch port whose numbers `golden/README.md` tells how to draw."""
    drawn = state_dicts.draw(keys, seed)
    drawn["regressor.6.weight"] *= np.float32(0.3)
    drawn["resnet50.resnet_v2_50_conv1_Conv2D.weight"] *= np.float32(8)
    return drawn
