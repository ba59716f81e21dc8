"""The official discriminator: how real patches of a clip look."""

from flax import nnx
from jaxtyping import Array, Float

_SLOPE = 0.2
_MOMENTUM, _EPSILON = 0.9, 1e-5

FEWEST_FRAMES, SHORTEST_SIDE = 32, 32
"""Of the clips that it takes."""

Clips = Float[Array, "clip frame height width channel"]


def _convolution(inputs: int, outputs: int, stride: int, padding: int, rngs: nnx.Rngs) -> nnx.Conv:
    return nnx.Conv(inputs, outputs, (4, 4, 4), strides=stride, padding=padding, rngs=rngs)


class OfficialDiscriminator(nnx.Module):
    """Four convolutions in space and time, the middle two with batch norm.

    The published program never leaves training mode: each batch is normalised by its own
    statistics. `eval()` takes the moving ones.
    """

    def __init__(self, rngs: nnx.Rngs):
        self.convolutions = nnx.List(
            [
                _convolution(3, 64, 2, 1, rngs),
                _convolution(64, 128, 2, 1, rngs),
                _convolution(128, 256, 2, 1, rngs),
                _convolution(256, 1, 1, 0, rngs),
            ]
        )
        self.norms = nnx.List(
            [
                nnx.BatchNorm(channels, momentum=_MOMENTUM, epsilon=_EPSILON, rngs=rngs)
                for channels in (128, 256)
            ]
        )

    def __call__(self, clips: Clips) -> Float[Array, "clip depth row column"]:
        """Return the logit that each patch is real; the published program takes its sigmoid.

        Args:
            clips: RGB in [0, 1], float32 [clip, frame, height, width, 3], 32 frames or more, of 32
                pixels or more.
        """
        x = nnx.leaky_relu(self.convolutions[0](clips), _SLOPE)
        for layer, norm in zip(self.convolutions[1:3], self.norms, strict=True):
            x = nnx.leaky_relu(norm(layer(x)), _SLOPE)
        return self.convolutions[3](x)[..., 0]


def without_weights() -> OfficialDiscriminator:
    """Return a discriminator with shapes in place of weights, to be loaded."""
    return nnx.eval_shape(lambda: OfficialDiscriminator(nnx.Rngs(0)))
