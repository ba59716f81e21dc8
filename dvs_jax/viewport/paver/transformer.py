"""A vision transformer, ViT: "An Image is Worth 16x16 Words", Dosovitskiy and others, 2021."""

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax.viewport.paver import patches
from dvs_jax.viewport.paver.architecture import PATCH, Architecture

_EPSILON = 1e-6
"""Of layer normalisation."""

_WIDER = 4
"""Times the tokens' width: the perceptron's hidden layer."""


class Perceptron(nnx.Module):
    """Two layers with a GELU between."""

    def __init__(self, width: int, hidden: int, rngs: nnx.Rngs):
        self.fc1 = nnx.Linear(width, hidden, rngs=rngs)
        self.fc2 = nnx.Linear(hidden, width, rngs=rngs)

    def __call__(self, x: Float[Array, "*batch width"]) -> Float[Array, "*batch width"]:
        """Apply both."""
        return self.fc2(jax.nn.gelu(self.fc1(x), approximate=False))


def attend(
    q: Float[Array, "*batch query head channel"],
    k: Float[Array, "*batch key head channel"],
    v: Float[Array, "*batch key head channel"],
) -> Float[Array, "*batch query width"]:
    """Return the attention of several heads, which lie beside one another in the answer."""
    logits = jnp.einsum("...qhc,...khc->...hqk", q, k) / math.sqrt(q.shape[-1])
    found = jnp.einsum("...hqk,...khc->...qhc", jax.nn.softmax(logits, axis=-1), v)
    return found.reshape(*found.shape[:-2], -1)


class Attention(nnx.Module):
    """Attention of each token to all."""

    def __init__(self, width: int, heads: int, rngs: nnx.Rngs):
        self.qkv = nnx.Linear(width, 3 * width, rngs=rngs)
        self.proj = nnx.Linear(width, width, rngs=rngs)
        self.heads = heads

    def __call__(self, x: Float[Array, "token width"]) -> Float[Array, "token width"]:
        """Return what each token is answered."""
        q, k, v = jnp.moveaxis(self.qkv(x).reshape(len(x), 3, self.heads, -1), 1, 0)
        return self.proj(attend(q, k, v))


class Block(nnx.Module):
    """Attention and a perceptron, each behind a normalisation and added to its input."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.norm1 = nnx.LayerNorm(of.width, epsilon=_EPSILON, rngs=rngs)
        self.attn = Attention(of.width, of.heads, rngs)
        self.norm2 = nnx.LayerNorm(of.width, epsilon=_EPSILON, rngs=rngs)
        self.mlp = Perceptron(of.width, _WIDER * of.width, rngs)

    def __call__(self, x: Float[Array, "token width"]) -> Float[Array, "token width"]:
        """Return the tokens that follow."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nnx.Module):
    """From a picture to its tokens."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.patch = nnx.Linear(3 * PATCH * PATCH, of.width, rngs=rngs)
        self.cls_token = nnx.Param(jnp.zeros(of.width))
        self.position = nnx.Param(jnp.zeros((1 + of.patches, of.width)))
        self.blocks = nnx.List([Block(of, rngs) for _ in range(of.blocks)])
        self.norm = nnx.LayerNorm(of.width, epsilon=_EPSILON, rngs=rngs)
        self.of = of

    def tokens(self, picture: Float[Array, "height width 3"]) -> Float[Array, "token width"]:
        """Return the tokens before the first block: the class's, then the patches'."""
        embedded = self.patch(patches.cut(picture, self.of.bilinear))
        return jnp.concatenate([self.cls_token[...][None], embedded]) + self.position[...]

    def __call__(self, picture: Float[Array, "height width 3"]) -> Float[Array, "token width"]:
        """Return the tokens of a picture.

        Args:
            picture: equirectangular RGB, from −1 to 1.
        """
        x = self.tokens(picture)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
