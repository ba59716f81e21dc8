"""How many clips a device works on at a time."""

import jax

LANES_PER_DEVICE = 4
"""Clips that a device works on at a time: several decoders and encoders keep it busy."""


def lanes_for(clips: int, most: int) -> int:
    """Return how many lanes a device has for so many clips: no more than it takes."""
    return min(most, -(-clips // jax.local_device_count()))
