"""ResNet-50 v2, whose units normalise before they convolve, for a single picture or a batch.

He et al., "Identity mappings in deep residual networks", ECCV 2016, in the layout of TensorFlow's
slim library: the last unit of a block has the stride.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

INPUT_CHANNELS = 13
FEATURES = 2048

BLOCKS = ((3, 64, 256, 2), (4, 128, 512, 2), (6, 256, 1024, 2), (3, 512, 2048, 1))
"""Units, bottleneck's and output's channels, and the last unit's stride, of each block."""

_EPSILON, _MOMENTUM = 1e-5, 0.997

Maps = Float[Array, "batch rows columns channel"]


class BatchNorm(nnx.Module):
    """Normalises by the batch's statistics in training, else by moving ones.

    Flax's own puts the biased variance into the moving one; TensorFlow and PyTorch the unbiased.
    """

    def __init__(self, channels: int):
        self.scale, self.bias = nnx.Param(jnp.ones(channels)), nnx.Param(jnp.zeros(channels))
        self.mean, self.var = nnx.BatchStat(jnp.zeros(channels)), nnx.BatchStat(jnp.ones(channels))
        self.use_running_average = False  # set by `eval()`

    def __call__(self, x: Maps) -> Maps:
        """Return the normalised maps."""
        mean, var = self.mean[...], self.var[...]
        if not self.use_running_average:
            seen = x.reshape(-1, x.shape[-1])
            mean, var, count = seen.mean(0), seen.var(0), seen.shape[0]
            self._follow(mean, var * (count / (count - 1)))
        factor = self.scale[...] * jax.lax.rsqrt(var + _EPSILON)
        offset = self.bias[...] - mean * factor
        return x * jnp.broadcast_to(factor, x.shape) + jnp.broadcast_to(offset, x.shape)

    def _follow(self, mean: Float[Array, "channel"], var: Float[Array, "channel"]) -> None:
        for moving, now in ((self.mean, mean), (self.var, var)):
            moving.set_value(_MOMENTUM * moving[...] + (1.0 - _MOMENTUM) * now)


def convolution(
    inputs: int, outputs: int, kernel: int, rngs: nnx.Rngs, stride: int = 1, use_bias: bool = True
) -> nnx.Conv:
    """Return a square convolution, padded on all sides, whatever the stride."""
    return nnx.Conv(
        inputs,
        outputs,
        (kernel, kernel),
        strides=stride,
        padding=kernel // 2,
        use_bias=use_bias,
        kernel_init=nnx.initializers.he_normal(),
        rngs=rngs,
    )


class Unit(nnx.Module):
    """Three convolutions around a shortcut, each behind a norm and a ReLU."""

    def __init__(self, inputs: int, inner: int, outputs: int, stride: int, rngs: nnx.Rngs):
        self.stride = stride
        self.norms = nnx.List([BatchNorm(channels) for channels in (inputs, inner, inner)])
        self.convolutions = nnx.List(
            [
                convolution(inputs, inner, 1, rngs, use_bias=False),
                convolution(inner, inner, 3, rngs, stride, use_bias=False),
                convolution(inner, outputs, 1, rngs),
            ]
        )
        self.shortcut = convolution(inputs, outputs, 1, rngs) if inputs != outputs else None

    def __call__(self, x: Maps) -> Maps:
        """Return the maps behind this unit."""
        active = nnx.relu(self.norms[0](x))
        if self.shortcut is None:
            kept = x[:, :: self.stride, :: self.stride]
        else:
            kept = self.shortcut(active)
        residual = self.convolutions[0](active)
        for norm, layer in zip(self.norms[1:], self.convolutions[1:], strict=True):
            residual = layer(nnx.relu(norm(residual)))
        return kept + residual


class ResidualNetwork(nnx.Module):
    """From pictures of 13 channels to 2048 features each."""

    def __init__(self, rngs: nnx.Rngs):
        self.stem = convolution(INPUT_CHANNELS, BLOCKS[0][1], 7, rngs, stride=2)
        blocks, inputs = [], BLOCKS[0][1]
        for units, inner, outputs, stride in BLOCKS:
            sizes = [(inputs if i == 0 else outputs, inner, outputs) for i in range(units)]
            strides = [1] * (units - 1) + [stride]
            blocks.append(
                nnx.List([Unit(*size, s, rngs) for size, s in zip(sizes, strides, strict=True)])
            )
            inputs = outputs
        self.blocks = nnx.List(blocks)
        self.norm = BatchNorm(FEATURES)

    def stages(self, x: Maps) -> list[Maps]:
        """Return the pooled first convolution, and each block's output.

        Args:
            x: float32 [batch, height, width, 13].
        """
        maps = [_pooled(self.stem(x))]
        for block in self.blocks:
            maps.append(_through(block, maps[-1]))
        return maps

    def __call__(self, x: Maps) -> Float[Array, "batch 2048"]:
        """Return the mean features of each picture.

        Args:
            x: float32 [batch, height, width, 13].
        """
        return nnx.relu(self.norm(self.stages(x)[-1])).mean((1, 2))


def _pooled(x: Maps) -> Maps:
    """Return maxima of 3 × 3 at every other place, padded below and on the right alone."""
    return nnx.max_pool(x, (3, 3), (2, 2), ((0, 1), (0, 1)))


def _through(units: Sequence[Unit], x: Maps) -> Maps:
    for unit in units:
        x = unit(x)
    return x
