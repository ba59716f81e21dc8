"""Gaussian blurs of equirectangular maps, by angles on the sphere."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def blur(maps: Float[Array, "height width"], sigma_deg: float) -> Float[Array, "height width"]:
    """Blur a map by a Gaussian.

    Rows are blurred as circles of latitude, the wider the nearer to a pole, then columns, whose
    ends do not meet. A constant stays what it is.

    Args:
        maps: equirectangular.
        sigma_deg: the Gaussian's standard deviation, in degrees on the sphere.
    """
    height, width = maps.shape
    along, down = (jnp.asarray(each, maps.dtype) for each in _kernels(height, width, sigma_deg))
    rows = jnp.fft.irfft(along * jnp.fft.rfft(maps, axis=1), width, axis=1)
    return down @ rows


@cache
def _kernels(
    height: int, width: int, sigma_deg: float
) -> tuple[Float[np.ndarray, "height frequency"], Float[np.ndarray, "height height"]]:
    """Each row's response to each frequency, and the weights of a column's pixels."""
    sigma = np.radians(sigma_deg)
    row = (np.arange(height) + 0.5) / height
    wide = sigma / np.sin(np.pi * row)
    along = np.exp(-0.5 * (wide[:, None] * np.arange(width // 2 + 1)) ** 2)
    apart = np.pi * (row[:, None] - row) / sigma
    down = np.exp(-0.5 * apart**2)
    return along, down / down.sum(axis=1, keepdims=True)
