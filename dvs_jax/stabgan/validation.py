"""Evaluates a generator in training on clips of held-out photographs."""

from functools import partial
from operator import itemgetter

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8
from ml_collections import ConfigDict

from dvs_jax import storage
from dvs_jax.stabgan import classical, farneback, objective, steadiness, takes
from dvs_jax.stabgan.cover_limit import held
from dvs_jax.stabgan.frames import source_grid
from dvs_jax.stabgan.generator import Generator, generator_input
from dvs_jax.stabgan.steadiness import Scene
from dvs_jax.synthetic.paired import pieces
from dvs_jax.training import sample
from dvs_jax.training.board import Picture
from dvs_jax.training.photographs import PIECE, Example, examples

_PIECES = 40
CLIPS = 12
FRAMES = 96


class HeldOut:
    """Clips on which a generator is evaluated, with flow as it is computed in use."""

    def __init__(self, graph: nnx.GraphDef[Generator], config: ConfigDict):
        """Film the clips; raise InputError as `pieces` does."""
        rng = np.random.default_rng(config.train.seed)
        cut = pieces(storage.local(config.data.held_out), rng, _PIECES, PIECE, colour=True)
        drawn = examples(rng, cut, CLIPS)
        film = jax.jit(_filmed)
        filmed = [
            jax.device_get(film(jax.tree.map(itemgetter(number), drawn))) for number in range(CLIPS)
        ]
        self._scenes = [Scene(wanted, motion) for wanted, motion, _ in filmed]
        self._seen = [(clip, _flow_along(clip)) for *_, clip in filmed]
        steadied = [classical.maps(flow, takes.RATE) for _, flow in self._seen]
        self._classical = self._told("classical_", steadied)
        self._run = jax.jit(partial(_run, graph))

    def measure(self, params: objective.Params) -> dict[str, float]:
        """Return how far the generator's maps are from the true ones, and how steady they make it.

        Returns:
            "error": the root mean square of the corners' distances, in pixels of a picture 640
            wide; "kept": that as a share of the distance as filmed; "shake": the root mean square
            above 2 Hz of how the output's corners move as a share of the input's, and
            "shake_median": of the median clip; all to be minimised. The same of Gaussian-smoothed
            maps that are fitted to the same flow, as "classical_…".
        """
        found = [jax.device_get(self._run(params["generator"], *seen)) for seen in self._seen]
        return self._told("", found) | self._classical

    def picture(self, params: objective.Params) -> Picture:
        """Draw the middle frame of the first clip, and the clip's path before and after."""
        clip, flow = self._seen[0]
        found = jax.device_get(self._run(params["generator"], clip, flow))
        steadied = np.stack(list(held(found, takes.CROP)))
        motion = self._scenes[0].motion
        as_filmed = np.broadcast_to(np.eye(2, 3), steadied.shape)
        before, after = (
            steadiness.path(maps, motion, takes.SIZE).mean(axis=-1)
            for maps in (as_filmed, steadied)
        )
        middle = FRAMES // 2
        return sample.drawn(clip[middle], source_grid(steadied[middle]), before, after)

    def _told(self, prefix: str, maps: list[np.ndarray]) -> dict[str, float]:
        drawn = [np.stack(list(held(each, takes.CROP))) for each in maps]
        measures = steadiness.measures(drawn, self._scenes, takes.SIZE, takes.RATE)
        return {f"{prefix}{name}": value for name, value in measures.items()}


def _filmed(
    example: Example,
) -> tuple[
    Float[Array, "frame 2 3"], Float[Array, "frame 2 3"], UInt8[Array, "frame row column 3"]
]:
    """Return the maps wanted, the motion, and the clip."""
    drawing, filming = jax.random.split(jax.random.key(jnp.asarray(example.seed)))
    take = takes.draw(drawing, example, FRAMES)
    clip = takes.shaky_clip(filming, take)
    frames = jnp.round(255.0 * clip).astype(jnp.uint8)
    return takes.corrections(take), takes.motion(take), frames


def _flow_along(
    clip: UInt8[np.ndarray, "frame row column 3"],
) -> Float[np.ndarray, "frame row column 2"]:
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip]
    return farneback.flow_along(np.stack(grey))


def _run(
    graph: nnx.GraphDef[Generator],
    params: nnx.State,
    clip: UInt8[Array, "frame row column 3"],
    flow: Float[Array, "frame row column 2"],
) -> Float[Array, "frame 2 3"]:
    seen = generator_input(jnp.asarray(clip, jnp.float32) / 255.0, jnp.asarray(flow))
    return nnx.merge(graph, params)(seen, jnp.ones(FRAMES, bool), takes.ASPECT)
