"""Features of a picture at three scales, to be compared with those of another picture."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

CHANNELS = (8, 8, 16)
"""Of the features at half, a quarter and an eighth of the picture's size."""

_HIDDEN = (8, 12, 16)
_NEIGHBOURHOOD = 9
"""Pixels, across and down, whose brightness and contrast are taken out of a picture."""
_LEAST_CONTRAST = 0.02


class Features(NamedTuple):
    """Maps of features; float32.

    Attributes:
        half: [rows / 2, columns / 2, 8].
        quarter: [rows / 4, columns / 4, 8].
        eighth: [rows / 8, columns / 8, 16], all rounded down.
    """

    half: Float[Array, "rows2 columns2 8"]
    quarter: Float[Array, "rows4 columns4 8"]
    eighth: Float[Array, "rows8 columns8 16"]


class Encoder(nnx.Module):
    """Convolutions that compute features; works on one picture, without a batch axis."""

    def __init__(self, rngs: nnx.Rngs):
        """Draw the weights."""
        inputs = (1, *_HIDDEN[:-1])
        halving, reading = [], []
        for before, hidden, channels in zip(inputs, _HIDDEN, CHANNELS, strict=True):
            # Cells of the result lie centred on four of the argument's.
            halving.append(nnx.Conv(before, hidden, (4, 4), 2, padding=1, rngs=rngs))
            reading.append(nnx.Conv(hidden, channels, (3, 3), padding=1, rngs=rngs))
        self.halving, self.reading = nnx.List(halving), nnx.List(reading)

    def __call__(self, picture: Float[Array, "rows columns"]) -> Features:
        """Return the features of a grey picture, 0 to 1."""
        x, found = _even(picture)[..., None], []
        for halve, read in zip(self.halving, self.reading, strict=True):
            x = jax.nn.silu(halve(x))
            found.append(jnp.tanh(read(x)))
        return Features(*found)


def _even(picture: Float[Array, "rows columns"]) -> Float[Array, "rows columns"]:
    """Take out what light and exposure change: local mean and contrast."""
    mean = _blurred(picture)
    deviation = jnp.sqrt(jnp.maximum(_blurred(picture**2) - mean**2, 0.0) + _LEAST_CONTRAST**2)
    return (picture - mean) / deviation


def _blurred(picture: Float[Array, "rows columns"]) -> Float[Array, "rows columns"]:
    """Return the mean over a square about each pixel, its edges going on."""
    around = jnp.pad(picture, _NEIGHBOURHOOD // 2, "edge")
    for axis in (0, 1):
        length = around.shape[axis] - _NEIGHBOURHOOD + 1
        parts = [
            jax.lax.slice_in_dim(around, start, start + length, axis=axis)
            for start in range(_NEIGHBOURHOOD)
        ]
        around = sum(parts[1:], parts[0]) / _NEIGHBOURHOOD
    return around
