"""Evaluates a network in training on sequences of held-out photographs."""

from functools import partial
from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax import storage
from dvs_jax.stabnet import objective, online, sequences
from dvs_jax.stabnet.network import Network
from dvs_jax.synthetic.paired import pieces
from dvs_jax.synthetic.paired.pose import WIDTH
from dvs_jax.training import sample
from dvs_jax.training.board import Picture
from dvs_jax.training.photographs import PIECE, Example, examples

_PIECES = 40
SEQUENCES = 12
FRAMES = 48
_WARMING = 8
"""Frames after which the steadied camera is on its own path."""


class HeldOut:
    """Sequences on which a network is evaluated, longer than those that it is trained on."""

    def __init__(self, graph: nnx.GraphDef[Network], config: ConfigDict):
        """Draw the examples; raise InputError as `pieces` does."""
        rng = np.random.default_rng(config.train.seed)
        cut = pieces(storage.local(config.data.held_out), rng, _PIECES, PIECE)
        drawn = examples(rng, cut, SEQUENCES)
        self._examples = [jax.tree.map(itemgetter(number), drawn) for number in range(SEQUENCES)]
        self._run = jax.jit(partial(_run, graph))
        self._look = jax.jit(partial(_look, graph))

    def measure(self, params: nnx.State) -> dict[str, float]:
        """Return errors of the alignment in pixels of a picture 640 wide, and likenesses.

        Returns:
            "error": the median over frames of the RMS over a frame's points; "error_p90": 90 % are
            below; "likeness" and "likeness_at_cuts": means, see `Found`; "worth": the geometric
            mean of 0.05 pixels more than each frame's error, to be minimised.
        """
        found = [jax.device_get(self._run(params, each)) for each in self._examples]
        errors, likeness, is_cut = map(np.concatenate, zip(*found, strict=True))
        errors, cuts = errors[~is_cut], is_cut
        return {
            "error": float(np.median(errors)),
            "error_p90": float(np.percentile(errors, 90.0)),
            "likeness": float(likeness[~cuts].mean()),
            "likeness_at_cuts": float(likeness[cuts].mean()) if cuts.any() else 0.0,
            "worth": float(np.exp(np.log(errors + 0.05).mean())),
        }

    def picture(self, params: nnx.State) -> Picture:
        """Draw the middle frame of the first sequence, and its path before and after."""
        filmed, source, before, after = jax.device_get(self._look(params, self._examples[0]))
        return sample.drawn(np.repeat(filmed[..., None], 3, axis=-1), source, before, after)


def _look(
    graph: nnx.GraphDef[Network], params: nnx.State, example: Example
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Return a frame, its grid, and the path before and after."""
    key = jax.random.key(jnp.asarray(example.seed))
    _, (looks, sequence) = objective.run(graph, FRAMES, params, example, key)
    middle = FRAMES // 2
    source = online.source(jax.tree.map(itemgetter(middle - 1), looks), sequences.ASPECT)
    filmed = jnp.round(255.0 * sequence.picture[middle]).astype(jnp.uint8)
    shown = jax.vmap(lambda look: look.source(jnp.zeros(2), sequences.ASPECT))(looks)
    before = sequence.pose[1:, :2]
    return filmed, source, before, before + WIDTH * shown


def _run(
    graph: nnx.GraphDef[Network], params: nnx.State, example: Example
) -> tuple[jax.Array, jax.Array, jax.Array]:
    key = jax.random.key(jnp.asarray(example.seed))
    found, _ = objective.run(graph, FRAMES, params, example, key)
    rms = jnp.sqrt((found.errors**2).mean(axis=-1))
    return rms[_WARMING:], found.likeness[_WARMING:], found.is_cut[_WARMING:]
