"""Scores of patches as smooth maps on the sphere."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dvs_jax.viewport.paver.architecture import PATCH


def heat(scores: Float[Array, "row column"]) -> Float[Array, "height width"]:
    """Return the sum over patches of the squared score times a bump around the patch's middle.

    The bumps of a row of patches are one another's rotations, so that a row is one product of
    Fourier series.

    Args:
        scores: of the patches.
    """
    rows, columns = scores.shape
    width = columns * PATCH
    middles = jnp.zeros((rows, columns, PATCH)).at[:, :, PATCH // 2].set(scores**2)
    series = jnp.fft.rfft(middles.reshape(rows, width), axis=1)
    bumps = jnp.asarray(_responses(rows), jnp.complex64)
    return jnp.fft.irfft(jnp.einsum("jrf,jf->rf", bumps, series), width, axis=1)


@cache
def bump(rows: int) -> Float[np.ndarray, "row height width"]:
    """Return the bump of each row's patch, as if its middle lay in the first column, float64.

    It is a von Mises–Fisher density, less at the poles. The pixels' positions have no half pixel.

    Args:
        rows: of patches, of which there are twice as many columns.
    """
    height, width = rows * PATCH, 2 * rows * PATCH
    latitude = (2 * np.arange(rows) + 1 - rows) * np.pi / (2 * rows)
    pixel = (-np.pi / 2.0 + np.pi * np.arange(height) / height)[:, None]
    longitude = 2.0 * np.pi * np.arange(width) / width
    sharp = (width / (2.0 * np.pi * PATCH)) ** 2
    middle = latitude[:, None, None]
    cosine = np.sin(middle) * np.sin(pixel) + np.cos(middle) * np.cos(pixel) * np.cos(longitude)
    # a / sinh a · exp(a cos ψ), which does not overflow so.
    peak = 2.0 * sharp / -np.expm1(-2.0 * sharp)
    return np.cos(middle) * peak * np.exp(sharp * (cosine - 1.0))


@cache
def _responses(rows: int) -> np.ndarray:
    return np.fft.rfft(bump(rows), axis=-1)
