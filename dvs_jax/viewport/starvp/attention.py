"""A block of attention: one sequence asks, another answers."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

EPSILON = 1e-5
"""Of layer normalisation."""


class Answers(NamedTuple):
    """What a sequence answers, whoever asks.

    Attributes:
        keys: float32 [key, inner].
        values: likewise.
    """

    keys: Float[Array, "key inner"]
    values: Float[Array, "key inner"]


class Attention(nnx.Module):
    """Attention of several heads; queries, keys and values all have the same inner width."""

    def __init__(self, asking: int, answering: int, inner: int, heads: int, rngs: nnx.Rngs):
        self.q = nnx.Linear(asking, inner, rngs=rngs)
        self.k = nnx.Linear(answering, inner, rngs=rngs)
        self.v = nnx.Linear(answering, inner, rngs=rngs)
        self.o = nnx.Linear(inner, asking, rngs=rngs)
        self.heads = heads

    def __call__(
        self,
        asking: Float[Array, "query asking"],
        answers: Answers,
        known: Bool[Array, "key"],
    ) -> Float[Array, "query asking"]:
        """Return what each query is answered; without any known key, nothing: 0."""
        q, k, v = (x.reshape(len(x), self.heads, -1) for x in (self.q(asking), *answers))
        logits = jnp.einsum("qhc,khc->hqk", q, k) / math.sqrt(q.shape[-1])
        logits = jnp.where(known[None, None], logits, jnp.finfo(logits.dtype).min)
        shares = jax.nn.softmax(logits, axis=-1)
        answer = jnp.einsum("hqk,khc->qhc", shares, v).reshape(len(q), -1)
        return jnp.where(known.any(), self.o(answer), 0.0)


class Block(nnx.Module):
    """Attention and a multilayer perceptron, each behind a normalisation and added to its input."""

    def __init__(
        self, asking: int, answering: int, inner: int, heads: int, mlp: int, rngs: nnx.Rngs
    ):
        self.norm_q = nnx.LayerNorm(asking, epsilon=EPSILON, rngs=rngs)
        self.norm_kv = nnx.LayerNorm(answering, epsilon=EPSILON, rngs=rngs)
        self.norm_ff = nnx.LayerNorm(asking, epsilon=EPSILON, rngs=rngs)
        self.attention = Attention(asking, answering, inner, heads, rngs)
        self.widen = nnx.Linear(asking, mlp, rngs=rngs)
        self.narrow = nnx.Linear(mlp, asking, rngs=rngs)

    def __call__(
        self,
        asking: Float[Array, "query asking"],
        answering: Float[Array, "key answering"],
        known: Bool[Array, "key"],
    ) -> Float[Array, "query asking"]:
        """Let one sequence ask another.

        Args:
            asking: the queries.
            answering: the keys, which are the values too.
            known: which of them count.
        """
        return self.ask(asking, self.answers(answering), known)

    def answers(self, answering: Float[Array, "key answering"]) -> Answers:
        """Return what a sequence answers."""
        read = self.norm_kv(answering)
        return Answers(self.attention.k(read), self.attention.v(read))

    def ask(
        self, asking: Float[Array, "query asking"], answers: Answers, known: Bool[Array, "key"]
    ) -> Float[Array, "query asking"]:
        """Do the rest of what a call does."""
        out = asking + self.attention(self.norm_q(asking), answers, known)
        hidden = jax.nn.gelu(self.widen(self.norm_ff(out)), approximate=False)
        return out + self.narrow(hidden)
