"""RAFT's network, large and small, as Flax NNX modules for one frame or one pair; vmap for more.

Teed & Deng, RAFT: Recurrent All-Pairs Field Transforms for Optical Flow, ECCV 2020. Two things
differ in form, not in result, from the published program: batch norm, which it freezes, is folded
into the convolution before it; and a GRU's convolutions are grouped by their input, so that those
of the context run once a frame and the rest as few, wide convolutions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, UInt8

from dvs_jax.flow.correlation import LEVELS, Correlation, correlate, look_up

STRIDE = 8
_NORM_EPSILON = 1e-5


@dataclass(frozen=True)
class RaftSize:
    """The hyperparameters in which the large and small network differ; widths are in channels."""

    stages: tuple[int, int, int, int]
    bottleneck: bool
    features: int
    hidden: int
    context: int
    radius: int
    correlation_widths: tuple[int, ...]
    flow_widths: tuple[int, int]
    motion: int
    gru_kernels: tuple[tuple[int, int], ...]
    head: int
    convex_upsampling: bool


LARGE = RaftSize(
    stages=(64, 64, 96, 128),
    bottleneck=False,
    features=256,
    hidden=128,
    context=128,
    radius=4,
    correlation_widths=(256, 192),
    flow_widths=(128, 64),
    motion=126,
    gru_kernels=((1, 5), (5, 1)),
    head=256,
    convex_upsampling=True,
)
SMALL = RaftSize(
    stages=(32, 32, 64, 96),
    bottleneck=True,
    features=128,
    hidden=96,
    context=64,
    radius=3,
    correlation_widths=(96,),
    flow_widths=(64, 32),
    motion=80,
    gru_kernels=((3, 3),),
    head=128,
    convex_upsampling=False,
)


class Encoding(NamedTuple):
    """What the encoders return for a frame, at an eighth of its size.

    Attributes:
      features: for the correlation, float32.
      hidden: the GRU's initial state, in (−1, 1).
      context_terms: the context's contribution to the gates of each GRU step.
    """

    features: Float[Array, "rows columns channel"]
    hidden: Float[Array, "rows columns hidden"]
    context_terms: list[Float[Array, "rows columns gate"]]


class _Layers:
    """Makes convolutions of one dtype that keep the size, padded as in PyTorch."""

    def __init__(self, dtype: DTypeLike, rngs: nnx.Rngs):
        self.dtype = dtype
        self._rngs = rngs

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        stride: int = 1,
        use_bias: bool = True,
    ) -> nnx.Conv:
        return nnx.Conv(
            inputs,
            outputs,
            kernel,
            strides=stride,
            padding=tuple((side // 2, side // 2) for side in kernel),
            use_bias=use_bias,
            dtype=self.dtype,
            kernel_init=nnx.initializers.he_normal(),
            rngs=self._rngs,
        )

    def chain(
        self, widths: Sequence[int], kernels: Sequence[int], strides: Sequence[int] = (1, 1, 1)
    ) -> nnx.List[nnx.Conv]:
        """Convolutions from each width to the next; surplus kernels and strides are unused."""
        return nnx.List(
            self.convolution(before, after, (kernel, kernel), stride)
            for (before, after), kernel, stride in zip(
                pairwise(widths), kernels, strides, strict=False
            )
        )


class ResidualBlock(nnx.Module):
    """Two 3 × 3 convolutions, or three with a bottleneck, around a shortcut."""

    def __init__(self, layers: _Layers, inputs: int, outputs: int, stride: int, size: RaftSize):
        if size.bottleneck:
            widths = (inputs, outputs // 4, outputs // 4, outputs)
            self.convolutions = layers.chain(widths, (1, 3, 1), (1, stride, 1))
        else:
            self.convolutions = layers.chain((inputs, outputs, outputs), (3, 3), (stride, 1))
        self.shortcut = layers.convolution(inputs, outputs, (1, 1), stride) if stride > 1 else None

    def __call__(
        self, x: Float[Array, "rows columns channel"], norm: bool
    ) -> Float[Array, "newrows newcolumns newchannel"]:
        """Apply the block, with instance norm after each convolution if asked for."""
        residual = x
        for convolution in self.convolutions:
            residual = jax.nn.relu(_normed(convolution(residual), norm))
        if self.shortcut is not None:
            x = _normed(self.shortcut(x), norm)
        return jax.nn.relu(x + residual)


class Encoder(nnx.Module):
    """Encodes a frame at an eighth of its size; instance norm for features, none for context."""

    def __init__(self, layers: _Layers, outputs: int, norm: bool, size: RaftSize):
        stem, *stages = size.stages
        self.norm = norm
        self.stem = layers.convolution(3, stem, (7, 7), 2)
        self.blocks = nnx.List(
            ResidualBlock(layers, *widths, stride, size)
            for before, width, stride in zip((stem, *stages), stages, (1, 2, 2), strict=False)
            for widths, stride in (((before, width), stride), ((width, width), 1))
        )
        self.head = layers.convolution(stages[-1], outputs, (1, 1))

    def __call__(
        self, image: Float[Array, "height width 3"]
    ) -> Float[Array, "rows columns channel"]:
        """Encode an image with values in [−1, 1]."""
        x = jax.nn.relu(_normed(self.stem(image), self.norm))
        for block in self.blocks:
            x = block(x, self.norm)
        return self.head(x)


class MotionEncoder(nnx.Module):
    """Encodes correlation and flow as the GRU's input."""

    def __init__(self, layers: _Layers, size: RaftSize):
        taps = LEVELS * (2 * size.radius + 1) ** 2
        self.from_correlation = layers.chain((taps, *size.correlation_widths), (1, 3))
        self.from_flow = layers.chain((2, *size.flow_widths), (7, 3))
        joined = size.correlation_widths[-1] + size.flow_widths[-1]
        self.join = layers.convolution(joined, size.motion, (3, 3))

    def __call__(
        self, correlation: Float[Array, "rows columns tap"], flow: Float[Array, "rows columns 2"]
    ) -> Float[Array, "rows columns motion"]:
        """Motion features, with the flow itself as their last two channels."""
        matched, moved = correlation, flow
        for convolution in self.from_correlation:
            matched = jax.nn.relu(convolution(matched))
        for convolution in self.from_flow:
            moved = jax.nn.relu(convolution(moved))
        joined = jax.nn.relu(self.join(jnp.concatenate([matched, moved], axis=-1)))
        return jnp.concatenate([joined, flow.astype(joined.dtype)], axis=-1)


class GruStep(nnx.Module):
    """A convolutional GRU; gates are ordered update, reset, candidate."""

    def __init__(self, layers: _Layers, kernel: tuple[int, int], size: RaftSize):
        hidden, gates = size.hidden, 3 * size.hidden
        self.from_context = layers.convolution(size.context, gates, kernel)
        self.from_motion = layers.convolution(size.motion + 2, gates, kernel, use_bias=False)
        self.from_hidden = layers.convolution(hidden, 2 * hidden, kernel, use_bias=False)
        self.from_reset = layers.convolution(hidden, hidden, kernel, use_bias=False)

    def __call__(
        self,
        hidden: Float[Array, "rows columns hidden"],
        motion: Float[Array, "rows columns motion"],
        context_term: Float[Array, "rows columns gate"],
    ) -> Float[Array, "rows columns hidden"]:
        """The next hidden state, given the context's contribution to the gates."""
        width = hidden.shape[-1]
        terms = self.from_motion(motion) + context_term
        update, reset = jnp.split(
            jax.nn.sigmoid(self.from_hidden(hidden) + terms[..., : 2 * width]), 2, axis=-1
        )
        candidate = jnp.tanh(self.from_reset(reset * hidden) + terms[..., 2 * width :])
        return (1 - update) * hidden + update * candidate


class Head(nnx.Module):
    """Two convolutions from the hidden state to an update of the flow or to upsampling weights."""

    def __init__(self, layers: _Layers, size: RaftSize, outputs: int, kernel: int):
        self.inner = layers.convolution(size.hidden, size.head, (3, 3))
        self.outer = layers.convolution(size.head, outputs, (kernel, kernel))

    def __call__(
        self, hidden: Float[Array, "rows columns hidden"]
    ) -> Float[Array, "rows columns output"]:
        """Apply the head to the hidden state."""
        return self.outer(jax.nn.relu(self.inner(hidden)))


class Raft(nnx.Module):
    """The whole network: `encode` each frame once, then `flow` between any two of them."""

    def __init__(self, size: RaftSize, *, dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        """Make a network with random weights.

        Args:
          size: LARGE or SMALL.
          dtype: of the convolutions; the correlation and the flow stay float32.
          rngs: for the weights.
        """
        layers = _Layers(dtype, rngs)
        self.size = size
        self.feature_encoder = Encoder(layers, size.features, True, size)
        self.context_encoder = Encoder(layers, size.hidden + size.context, False, size)
        self.motion_encoder = MotionEncoder(layers, size)
        self.gru = nnx.List(GruStep(layers, kernel, size) for kernel in size.gru_kernels)
        self.flow_head = Head(layers, size, 2, 3)
        self.mask_head = Head(layers, size, 9 * STRIDE**2, 1) if size.convex_upsampling else None

    def encode(self, frame: UInt8[Array, "height width 3"]) -> Encoding:
        """Encode an RGB frame with values 0–255, both sides multiples of 8 px and 64 or more."""
        image = frame.astype(jnp.float32) * (2 / 255) - 1
        hidden, context = jnp.split(self.context_encoder(image), [self.size.hidden], axis=-1)
        context = jax.nn.relu(context)
        return Encoding(
            self.feature_encoder(image).astype(jnp.float32),
            jnp.tanh(hidden),
            [step.from_context(context) for step in self.gru],
        )

    def flow(
        self, first: Encoding, second: Encoding, iterations: int, on_demand: bool | None = None
    ) -> Float[Array, "height width 2"]:
        """Flow from the first frame to the second.

        Args:
          first: encoding of the frame at whose pixels the flow is given.
          second: encoding of the frame that it points into.
          iterations: how often the flow is refined.
          on_demand: see `correlate`.

        Returns:
          float32 (dx, dy) in pixels, at the frames' size.
        """
        hidden, coarse = self.coarse_flow(first, second, iterations, on_demand)
        if self.mask_head is None:
            return _upsampled_bilinearly(coarse)
        return _upsampled_convexly(coarse, 0.25 * self.mask_head(hidden).astype(jnp.float32))

    def coarse_flow(
        self, first: Encoding, second: Encoding, iterations: int, on_demand: bool | None = None
    ) -> tuple[Float[Array, "rows columns hidden"], Float[Array, "rows columns 2"]]:
        """The last hidden state, and the flow in pixels of an eighth of the frame's size."""
        correlation = correlate(first.features, second.features, on_demand)

        def refine(
            carry: tuple[Float[Array, "rows columns hidden"], Float[Array, "rows columns 2"]],
            _: None,
        ) -> tuple[
            tuple[Float[Array, "rows columns hidden"], Float[Array, "rows columns 2"]], None
        ]:
            return self._refined(*carry, correlation, first.context_terms), None

        start = first.hidden, jnp.zeros((*first.hidden.shape[:2], 2), jnp.float32)
        carry, _ = lax.scan(refine, start, length=iterations)
        return carry

    def _refined(
        self,
        hidden: Float[Array, "rows columns hidden"],
        flow: Float[Array, "rows columns 2"],
        correlation: Correlation,
        context_terms: list[Float[Array, "rows columns gate"]],
    ) -> tuple[Float[Array, "rows columns hidden"], Float[Array, "rows columns 2"]]:
        rows, columns, _ = flow.shape
        y, x = jnp.mgrid[:rows, :columns].astype(jnp.float32)
        taps = look_up(correlation, flow + jnp.stack([x, y], axis=-1), self.size.radius)
        motion = self.motion_encoder(taps, flow)
        for step, term in zip(self.gru, context_terms, strict=True):
            hidden = step(hidden, motion, term)
        return hidden, flow + self.flow_head(hidden).astype(jnp.float32)


def _normed(
    x: Float[Array, "rows columns channel"], norm: bool
) -> Float[Array, "rows columns channel"]:
    """Instance norm without scale and offset, its statistics in float32."""
    if not norm:
        return x
    values = x.astype(jnp.float32)
    mean = values.mean(axis=(0, 1), keepdims=True)
    variance = values.var(axis=(0, 1), keepdims=True)
    return ((values - mean) * lax.rsqrt(variance + _NORM_EPSILON)).astype(x.dtype)


def _upsampled_bilinearly(
    flow: Float[Array, "rows columns 2"],
) -> Float[Array, "height width 2"]:
    """Bilinear upsampling by 8, values times 8, with aligned corners."""

    def weights(length: int) -> Float[Array, "new old"]:
        positions = jnp.linspace(0.0, length - 1, STRIDE * length)
        return jnp.maximum(0, 1 - jnp.abs(positions[:, None] - jnp.arange(length)[None]))

    rows, columns, _ = flow.shape
    return STRIDE * jnp.einsum(
        "yr,rcd,xc->yxd", weights(rows), flow, weights(columns), precision=lax.Precision.HIGHEST
    )


def _upsampled_convexly(
    flow: Float[Array, "rows columns 2"], mask: Float[Array, "rows columns weight"]
) -> Float[Array, "height width 2"]:
    """Each fine pixel is a convex combination of 3 × 3 coarse ones (RAFT, section 3.3)."""
    rows, columns, _ = flow.shape
    weights = jax.nn.softmax(mask.reshape(rows, columns, 9, STRIDE, STRIDE), axis=2)
    padded = jnp.pad(STRIDE * flow, ((1, 1), (1, 1), (0, 0)))
    neighbours = jnp.stack(
        [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)], axis=2
    )
    fine = jnp.einsum("rcnyx,rcnd->rycxd", weights, neighbours, precision=lax.Precision.HIGHEST)
    return fine.reshape(STRIDE * rows, STRIDE * columns, 2)
