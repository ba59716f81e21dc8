"""Our discriminator: how real patches of a clip look."""

from itertools import pairwise

from flax import nnx
from jaxtyping import Array, Float

_SLOPE = 0.2
_CHANNELS = (3, 32, 64, 128)
_GROUPS = 8
_KERNEL = (4, 4, 4)


class Discriminator(nnx.Module):
    """The official one at half its width, with group norm, which mixes no clips of a batch."""

    def __init__(self, rngs: nnx.Rngs):
        """Draw the weights."""
        self.convolutions = nnx.List(
            [
                nnx.Conv(before, after, _KERNEL, strides=2, rngs=rngs)
                for before, after in pairwise(_CHANNELS)
            ]
        )
        self.norms = nnx.List(
            [nnx.GroupNorm(channels, _GROUPS, rngs=rngs) for channels in _CHANNELS[2:]]
        )
        self.last = nnx.Conv(_CHANNELS[-1], 1, _KERNEL, rngs=rngs)

    def __call__(
        self, clip: Float[Array, "frame height width 3"]
    ) -> Float[Array, "depth row column"]:
        """Return the logit that each patch of a clip is real.

        Args:
            clip: RGB, 0 to 1, of any length and size.
        """
        x = nnx.leaky_relu(self.convolutions[0](clip[None]), _SLOPE)
        for layer, norm in zip(list(self.convolutions)[1:], self.norms, strict=True):
            x = nnx.leaky_relu(norm(layer(x)), _SLOPE)
        return self.last(x)[0, ..., 0]


