"""The part that sees what is salient: attention within each instant, then over time."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float

from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.attention import Answers, Block


class Encoded(NamedTuple):
    """An instant's saliency, whoever looks.

    Attributes:
        answers: of each block of cross-attention.
        token: float32 [width].
        known: bool, whether there is saliency.
    """

    answers: list[Answers]
    token: Float[Array, "width"]
    known: Bool[Array, ""]


class Spatial(nnx.Module):
    """Within an instant: the direction asks, and the salient points answer."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        sizes = of.width, of.width, of.width, of.heads, of.mlp
        self.token = nnx.Param(jnp.zeros(1))
        self.of_direction = nnx.Linear(7 if of.gaze_query else 4, of.width, rngs=rngs)
        self.of_points = nnx.Linear(4, of.width, rngs=rngs)
        self.encoders = nnx.List([Block(*sizes, rngs) for _ in range(of.blocks)])
        self.decoders = nnx.List([Block(*sizes, rngs) for _ in range(of.blocks)])

    def __call__(
        self,
        direction: Float[Array, "3"],
        encoded: Encoded,
        gaze: Float[Array, "3"] | None = None,
    ) -> Float[Array, "width"]:
        """Return the token of an instant's direction.

        Args:
            direction: seen or predicted.
            encoded: the instant's saliency.
            gaze: where the eyes look; None without the switch.
        """
        asks = [direction, self.token[...], *([] if gaze is None else [gaze])]
        query = self.of_direction(jnp.concatenate(asks))[None]
        for block, answers in zip(self.decoders, encoded.answers, strict=True):
            all_known = jnp.broadcast_to(encoded.known, len(answers.keys))
            query = block.ask(query, answers, all_known)
        return query[0]

    def encode(self, points: Float[Array, "point 4"], known: Bool[Array, ""]) -> Encoded:
        """Encode an instant's saliency, whoever looks.

        Args:
            points: (x, y, z, value).
            known: whether there is saliency.
        """
        content, all_known = self.of_points(points), jnp.broadcast_to(known, len(points))
        for block in self.encoders:
            content = block(content, content, all_known)
        answers = [block.answers(content) for block in self.decoders]
        return Encoded(answers, content.mean(axis=0), known)


class Temporal(nnx.Module):
    """Over time: the future's instants ask, and the tokens of all instants answer."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        both = 2 * of.width
        self.of_direction = nnx.Param(_small(rngs, (of.steps, of.width - of.position)))
        self.of_content = nnx.Param(_small(rngs, (of.steps, of.width - of.position)))
        self.encoders = nnx.List(
            [Block(both, both, of.width, of.heads, of.mlp, rngs) for _ in range(of.blocks)]
        )
        self.decoders = nnx.List(
            [Block(of.width, both, of.width, of.heads, of.mlp, rngs) for _ in range(of.blocks)]
        )
        self.output = nnx.Linear(of.width, 3, rngs=rngs)
        self.of = of

    def __call__(
        self,
        directions: Float[Array, "step width"],
        contents: Float[Array, "step width"],
        known: Bool[Array, "step"],
    ) -> Float[Array, "future 3"]:
        """Predict vectors of any length.

        Args:
            directions: tokens of all instants' directions.
            contents: tokens of their saliency.
            known: which of the latter count.
        """
        place = jnp.asarray(positions(self.of.encoding, self.of.steps, self.of.position))
        asking = jnp.concatenate([place, self.of_direction[...]], axis=-1)
        beside = jnp.concatenate([place, self.of_content[...]], axis=-1)
        tokens = jnp.concatenate(
            [
                jnp.concatenate([directions, asking], axis=-1),
                jnp.concatenate([contents, beside], axis=-1),
            ]
        )
        counts = jnp.concatenate([jnp.ones_like(known), known])
        query = asking[-self.of.future :]
        for block in self.encoders:
            tokens = block(tokens, tokens, counts)
        for block in self.decoders:
            query = block(query, tokens, counts)
        return self.output(query)


class Content(nnx.Module):
    """Both, one after the other."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.spatial = Spatial(of, rngs)
        self.of = of
        self.temporal = Temporal(of, rngs)

    def __call__(
        self,
        directions: Float[Array, "step 3"],
        encoded: Encoded,
        gaze: Float[Array, "past 3"],
    ) -> Float[Array, "future 3"]:
        """Predict vectors of any length.

        Args:
            directions: seen, then as the motion alone predicts them.
            encoded: the saliency of each instant, [step, ...].
            gaze: where the eyes looked; they stay there.
        """
        asks: list[Any] = [directions, encoded]
        if self.of.gaze_query:
            stays = jnp.broadcast_to(gaze[-1], (self.of.future, 3))
            asks.append(jnp.concatenate([gaze, stays]))
        return self.temporal(jax.vmap(self.spatial)(*asks), encoded.token, encoded.known)

    def encode(self, points: Float[Array, "step point 4"], known: Bool[Array, "step"]) -> Encoded:
        """Encode the saliency of instants, [step, ...]; see `Spatial.encode`."""
        return jax.vmap(self.spatial.encode)(points, known)


def positions(encoding: str, steps: int, width: int) -> Float[np.ndarray, "step width"]:
    """Return the fixed encoding of instants, float32.

    Args:
        encoding: "fourier": the position from −1 to 1, its sines and its cosines at frequencies
            from 1 to half the number of instants, as a Perceiver's (Jaegle and others, 2021);
            "sinusoid": sines and cosines by turns, of ever longer periods (Vaswani and others,
            2017).
        steps: how many instants.
        width: of the encoding; odd for "fourier".
    """
    if encoding == "fourier":
        place = np.linspace(-1.0, 1.0, steps)[:, None]
        angle = math.pi * np.linspace(1.0, steps / 2.0, width // 2) * place
        return np.concatenate([place, np.sin(angle), np.cos(angle)], axis=-1).astype(np.float32)
    even = np.arange(0, width, 2)
    angle = np.arange(steps)[:, None] * np.exp(even * (-math.log(10000.0) / width))
    found = np.zeros((steps, width), np.float32)
    found[:, 0::2], found[:, 1::2] = np.sin(angle), np.cos(angle)[:, : width // 2]
    return found


def _small(rngs: nnx.Rngs, shape: tuple[int, ...]) -> Float[Array, "step width"]:
    return 0.02 * jax.random.normal(rngs.params(), shape)
