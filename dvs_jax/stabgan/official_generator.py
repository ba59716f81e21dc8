"""The official generator: 32 frames and their flow to an affine map each."""

from itertools import pairwise

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, UInt8

FRAMES = 32
"""Frames of a clip; the head's size depends on it."""

SIDE = 192
"""Pixels of the square pictures that it was trained on. Other sizes work too."""

_CHANNELS = (5, 64, 128, 256)
_HIDDEN = 512
_CORRECTION = 0.1

Clips = Float[Array, "clip frame height width channel"]


class OfficialGenerator(nnx.Module):
    """Three convolutions in space and time, the mean of each frame's features, and a head."""

    def __init__(self, rngs: nnx.Rngs):
        sizes = pairwise(_CHANNELS)
        self.convolutions = nnx.List(
            [
                nnx.Conv(inputs, outputs, (3, 3, 3), padding=1, rngs=rngs)
                for inputs, outputs in sizes
            ]
        )
        self.hidden = nnx.Linear(_CHANNELS[-1] * FRAMES, _HIDDEN, rngs=rngs)
        self.last = nnx.Linear(_HIDDEN, FRAMES * 6, rngs=rngs)

    def __call__(self, x: Clips) -> Float[Array, "clip 32 2 3"]:
        """Return the affine map of each frame, from output to input (see `affine_warp`).

        Args:
            x: float32 [clip, 32, height, width, 5] (see `generator_input`).
        """
        return self.maps(self.features(x))

    def features(self, x: Clips) -> Float[Array, "clip 32 256"]:
        """Return the mean features of each frame."""
        for layer in self.convolutions:
            x = nnx.max_pool(nnx.relu(layer(x)), (1, 2, 2), (1, 2, 2))
        return x.mean((2, 3))

    def maps(self, features: Float[Array, "clip 32 256"]) -> Float[Array, "clip 32 2 3"]:
        """Return the affine maps for the frames' features."""
        # The published weights take all frames of one channel first.
        flat = features.swapaxes(1, 2).reshape(len(features), -1)
        correction = self.last(nnx.relu(self.hidden(flat))).reshape(-1, FRAMES, 2, 3)
        return jnp.broadcast_to(jnp.eye(2, 3), correction.shape) + _CORRECTION * correction


def generator_input(
    frames: UInt8[Array, "frame height width 3"], flow: Float[Array, "frame height width 2"]
) -> Float[Array, "frame height width 5"]:
    """Return what the generator takes of one clip.

    Args:
        frames: RGB.
        flow: (x, y) in pixels, from the frame before to each; zero for the first.
    """
    return jnp.concatenate([frames.astype(jnp.float32) / 255.0, flow.astype(jnp.float32)], -1)


def without_weights() -> OfficialGenerator:
    """Return a generator with shapes in place of weights, to be loaded."""
    return nnx.eval_shape(lambda: OfficialGenerator(nnx.Rngs(0)))
