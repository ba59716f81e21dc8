"""Examples to train on, without photographs."""

import numpy as np

from dvs_jax.training.photographs import Example


def example(seed: int, size: int = 128) -> Example:
    """One example of blurred noise, which has detail everywhere."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2, 3, size, size)).astype(np.float32)
    soft = sum(np.roll(noise, (y, x), (2, 3)) for y in range(-3, 4) for x in range(-3, 4))
    return Example(np.uint32(seed), np.clip(128 + 6 * soft, 0, 255).astype(np.uint8))
