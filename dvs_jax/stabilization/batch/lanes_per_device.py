"""The number of lanes (clips processed at the same time) per device."""

import jax

LANES_PER_DEVICE = 4
"""Clips that a device processes at a time, so that several decoders and encoders keep it busy."""


def lanes_for(clips: int, most: int) -> int:
    """Return how many lanes each device gets for a number of clips: no more than are used."""
    return min(most, -(-clips // jax.local_device_count()))
