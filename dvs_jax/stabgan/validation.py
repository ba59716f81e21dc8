"""Evaluates a generator in training on clips of held-out photographs."""

from functools import partial
from operator import itemgetter
from pathlib import Path

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8
from ml_collections import ConfigDict

from dvs_jax.stabgan import objective, takes
from dvs_jax.stabgan.farneback import flow_between
from dvs_jax.stabgan.generator import Generator, generator_input
from dvs_jax.stabgan.takes import Take
from dvs_jax.synthetic.paired import pieces
from dvs_jax.training.photographs import PIECE, Example, examples

_PIECES = 40
CLIPS = 12
FRAMES = 64


class HeldOut:
    """Clips on which a generator is evaluated, with flow as it is computed in use."""

    def __init__(self, graph: nnx.GraphDef[Generator], config: ConfigDict):
        """Film the clips; raise InputError as `pieces` does."""
        rng = np.random.default_rng(config.train.seed)
        cut = pieces(Path(config.data.held_out), rng, _PIECES, PIECE, colour=True)
        drawn = examples(rng, cut, CLIPS)
        film = jax.jit(_filmed)
        self._clips = [
            _with_flow(*film(jax.tree.map(itemgetter(number), drawn))) for number in range(CLIPS)
        ]
        self._run = jax.jit(partial(_run, graph))

    def measure(self, params: objective.Params) -> dict[str, float]:
        """Return how far the generator's maps are from the true ones, and how steady they make it.

        Returns:
            "error": the mean distance of corners, in pixels of a picture 640 wide; "kept": that as
            a share of the distance as filmed; "shake": the root of the mean squared change of the
            output's motion as a share of the input's; all to be minimised.
        """
        generator = params["generator"]
        found = np.stack([jax.device_get(self._run(generator, *clip)) for clip in self._clips])
        (error, shake), (error_before, shake_before) = found.mean(axis=0)
        return {
            "error": float(error * 640.0 / takes.SIZE[0]),
            "kept": float(error / error_before),
            "shake": float(np.sqrt(shake / shake_before)),
        }


def _filmed(example: Example) -> tuple[Take, UInt8[Array, "frame row column 3"]]:
    drawing, filming = jax.random.split(jax.random.key(jnp.asarray(example.seed)))
    take = takes.draw(drawing, example, FRAMES)
    clip = takes.shaky_clip(filming, take)
    return take, jnp.round(255.0 * clip).astype(jnp.uint8)


def _with_flow(
    take: Take, clip: UInt8[Array, "frame row column 3"]
) -> tuple[Take, UInt8[np.ndarray, "frame row column 3"], Float[np.ndarray, "frame row column 2"]]:
    frames = np.asarray(clip)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    flow = np.zeros((*frames.shape[:3], 2), np.float32)
    for number in range(1, len(grey)):
        flow[number] = flow_between(grey[number - 1], grey[number])
    return take, frames, flow


def _run(
    graph: nnx.GraphDef[Generator],
    params: nnx.State,
    take: Take,
    frames: UInt8[Array, "frame row column 3"],
    flow: Float[Array, "frame row column 2"],
) -> Float[Array, "made_or_filmed error_or_shake"]:
    seen = generator_input(jnp.asarray(frames, jnp.float32) / 255.0, jnp.asarray(flow))
    theta = nnx.merge(graph, params)(seen, jnp.ones(FRAMES, bool), takes.ASPECT)
    as_filmed = jnp.broadcast_to(jnp.eye(2, 3), theta.shape)
    terms = [objective.motion_terms(each, take) for each in (theta, as_filmed)]
    return jnp.stack([jnp.stack([each["supervised"], each["smooth"]]) for each in terms])
