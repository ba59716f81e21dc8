"""PAVER: the transformer, the decoder and the map."""

from dataclasses import replace

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax.viewport.paver.architecture import Architecture
from dvs_jax.viewport.paver.decoder import Decoder
from dvs_jax.viewport.paver.heat import heat
from dvs_jax.viewport.paver.transformer import Transformer
from dvs_jax.viewport.saliency.scale import scaled


class Network(nnx.Module):
    """From consecutive frames to their maps of saliency."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.transformer = Transformer(of, rngs)
        self.decoder = Decoder(of, rngs)
        self.of = of

    @classmethod
    def of_parts(cls, transformer: Transformer, decoder: Decoder, bilinear: bool) -> "Network":
        """Put two parts of one width together.

        Args:
            transformer: with its weights.
            decoder: likewise.
            bilinear: whether pixels are interpolated instead of truncated to.
        """
        of = replace(transformer.of, bilinear=bilinear)
        found = nnx.eval_shape(lambda: cls(of, nnx.Rngs(0)))
        transformer.of = of
        found.transformer, found.decoder = transformer, decoder
        return found

    def __call__(
        self, frames: UInt8[Array, "frame height width 3"]
    ) -> Float[Array, "frame height width"]:
        """Return a map of each frame, from 0 to 1.

        Args:
            frames: equirectangular RGB, of the architecture's height, consecutive.
        """
        tokens = jax.vmap(self.transformer)((frames / jnp.float32(255.0) - 0.5) / 0.5)
        scores = self.decoder(tokens).total.reshape(len(frames), *self.of.grid)
        return scaled(jax.vmap(heat)(scores))
