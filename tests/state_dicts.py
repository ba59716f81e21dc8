"""State dicts of random weights, as `golden/README.md` tells how to draw them."""

from pathlib import Path

import numpy as np


def draw(keys: Path, seed: int) -> dict[str, np.ndarray]:
    """Draw the tensors of a list of keys and shapes; counts of batches are left out.

    Args:
        keys: a line a tensor, "name (side, side, ...)".
        seed: of the generator that draws them all, in the keys' order.
    """
    generator = np.random.default_rng(seed)
    drawn = {}
    for line in sorted(keys.read_text().splitlines()):
        key, _, written = line.partition(" ")
        shape = tuple(int(side) for side in written.strip("(),").split(",") if side)
        if not key.endswith("num_batches_tracked"):
            drawn[key] = _scaled(key, generator.standard_normal(shape)).astype(np.float32)
    return drawn


def _scaled(key: str, z: np.ndarray) -> np.ndarray:
    if z.ndim >= 2:
        return z * 0.7 * np.sqrt(2 / np.prod(z.shape[1:]))
    if key.endswith("running_var"):
        return 1 + 0.2 * np.tanh(z)
    return 1 + 0.1 * z if key.endswith("weight") else 0.05 * z
