"""The part that is trained: how far each patch is from what its surroundings are like."""

from typing import NamedTuple

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax.viewport.paver.architecture import Architecture
from dvs_jax.viewport.paver.transformer import Perceptron, attend

_EPSILON = 1e-5
"""Of layer normalisation."""

_WIDER = 4
"""Times the tokens' width: the perceptron's hidden layer."""


class Scores(NamedTuple):
    """Mean squares over a patch's features, [frame, patch], float32.

    Attributes:
        of_class: off the class token.
        of_time: off the mean over the frames.
        of_space: off the mean over the patches.
    """

    of_class: Float[Array, "frame patch"]
    of_time: Float[Array, "frame patch"]
    of_space: Float[Array, "frame patch"]

    @property
    def total(self) -> Float[Array, "frame patch"]:
        """Return how salient each patch is."""
        return self.of_class + self.of_time + self.of_space


class Attention(nnx.Module):
    """Attention of each patch to all of its frame, and to itself in all frames, averaged."""

    def __init__(self, width: int, heads: int, rngs: nnx.Rngs):
        self.qkv = nnx.Linear(width, 3 * width, use_bias=False, rngs=rngs)
        self.proj = nnx.Linear(width, width, rngs=rngs)
        self.heads = heads

    def __call__(self, x: Float[Array, "frame patch width"]) -> Float[Array, "frame patch width"]:
        """Return what each patch is answered."""
        q, k, v = jnp.moveaxis(self.qkv(x).reshape(*x.shape[:2], 3, self.heads, -1), 2, 0)
        in_space = attend(q, k, v)
        over_time = attend(*(jnp.swapaxes(each, 0, 1) for each in (q, k, v)))
        return self.proj((in_space + jnp.swapaxes(over_time, 0, 1)) / 2.0)


class Layer(nnx.Module):
    """Attention and a perceptron, each added to its input."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.norm1 = nnx.LayerNorm(of.width, epsilon=_EPSILON, rngs=rngs)
        self.attn = Attention(of.width, of.decoder_heads, rngs)
        self.norm2 = nnx.LayerNorm(of.width, epsilon=_EPSILON, rngs=rngs)
        self.mlp = Perceptron(of.width, _WIDER * of.width, rngs)

    def __call__(self, x: Float[Array, "frame patch width"]) -> Float[Array, "frame patch width"]:
        """Return the features of each patch."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Decoder(nnx.Module):
    """From the tokens of consecutive frames to how salient each patch is."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.attn_layer = Layer(of, rngs)
        self.cls_encoder = Perceptron(of.width, of.width, rngs)
        self.of = of

    def features(
        self, tokens: Float[Array, "frame token width"]
    ) -> tuple[Float[Array, "frame patch width"], Float[Array, "frame width"]]:
        """Return the features of the patches and of the class token, which comes first."""
        return self.attn_layer(tokens[:, 1:]), self.cls_encoder(tokens[:, 0])

    def __call__(self, tokens: Float[Array, "frame token width"]) -> Scores:
        """Return the scores."""
        features, of_class = self.features(tokens)
        others = (
            of_class[:, None],
            features.mean(axis=0, keepdims=True),
            features.mean(axis=1, keepdims=True),
        )
        return Scores(*(((features - other) ** 2).mean(axis=-1) for other in others))
