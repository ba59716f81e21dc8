"""Our discriminator: how real patches of a clip look."""

from itertools import pairwise

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

_SLOPE = 0.2
_CHANNELS = (3, 32, 64, 128)
_GROUPS = 8
_SIDE = 4
"""Frames and pixels along each side of the kernels."""

Layers = Float[Array, "frame row column channel"]


class Discriminator(nnx.Module):
    """The official one at half its width, with group norm, which mixes no clips of a batch."""

    def __init__(self, rngs: nnx.Rngs):
        """Draw the weights."""
        self.convolutions = nnx.List(
            [
                nnx.Conv(_SIDE * before, after, (_SIDE, _SIDE), strides=2, rngs=rngs)
                for before, after in pairwise(_CHANNELS)
            ]
        )
        self.norms = nnx.List(
            [nnx.GroupNorm(channels, _GROUPS, rngs=rngs) for channels in _CHANNELS[2:]]
        )
        self.last = nnx.Conv(_SIDE * _CHANNELS[-1], 1, (_SIDE, _SIDE), rngs=rngs)

    def __call__(
        self, clip: Float[Array, "frame height width 3"]
    ) -> Float[Array, "depth row column"]:
        """Return the logit that each patch of a clip is real.

        Args:
            clip: RGB, 0 to 1, of any size and 8 frames or more.
        """
        first, *others = self.convolutions
        x = nnx.leaky_relu(first(_four_frames(clip, 2)), _SLOPE)
        for layer, norm in zip(others, self.norms, strict=True):
            # All frames together are one sample: the norm's statistics are those of the clip.
            x = nnx.leaky_relu(norm(layer(_four_frames(x, 2))[None])[0], _SLOPE)
        return self.last(_four_frames(x, 1))[..., 0]


def _four_frames(x: Layers, stride: int) -> Float[Array, "position row column four_channels"]:
    """Return the channels of four frames side by side, at every frame or every other one.

    A convolution of pictures then is one over time as well, which is quicker on a CPU.
    """
    count = len(x) // stride
    around = jnp.pad(x, ((1, 2), (0, 0), (0, 0), (0, 0)))
    return jnp.concatenate([around[k:][::stride][:count] for k in range(_SIDE)], axis=-1)
