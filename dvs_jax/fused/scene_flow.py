"""Flow that does not show the scene, replaced by what the scene's rotation would make there.

A bonnet or a handlebar stands in the picture. Where it is much of it, it would be taken for the
camera's own motion.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dvs_jax.fused import turn
from dvs_jax.motion import attached, similarity
from dvs_jax.motion.attached import Evidence
from dvs_jax.motion.tracking import Tracks

_ROUNDS = 4
"""How often the scene's rotation is fitted anew, by how well its parts agree with the last one."""

_MUCH = 0.25
"""Share of the picture up to which flow is left as it is: of so little the encoder's weights are
the better judge, as of a sky, of which flow tells now and then that it stands."""

Flow = Float[Array, "pair rows columns 4"]


# By default accelerators multiply matrices with 10 bits or less: rotations need more.
@jax.jit
@jax.default_matmul_precision("highest")
def of_scene(
    evidence: Evidence, flow: Flow, focal: Float[Array, "2"], sides: Float[Array, "2"]
) -> tuple[Evidence, Flow]:
    """Return flow of the scene alone, and the evidence after it.

    Args:
        evidence: of the flow before (see `motion.attached`).
        flow: float32, consecutive pairs' forward and backward (dx, dy) in fractions of the frame's
            width and height, without the logged change of the lens shift.
        focal: focal length over the frame's width and over its height.
        sides: the frame's width and height, of which the longer is 1.

    Returns:
        Flow likewise. Where all of the pairs until the last tell that something large is fixed to
        the camera, it is that of the rotation that fits the rest.
    """

    def watch(evidence: Evidence, pair: Float[Array, "rows columns 4"]) -> tuple[Evidence, None]:
        return attached.after(evidence, _tracks(pair), sides), None

    evidence, _ = jax.lax.scan(watch, evidence, flow)
    return evidence, jax.vmap(lambda pair: _filled(evidence, pair, focal, sides))(flow)


def _tracks(pair: Float[Array, "rows columns 4"]) -> Tracks:
    """Return a pair's flow as tracks, one for each part of the picture."""
    rows, columns = pair.shape[:2]
    y, x = jnp.meshgrid(*((jnp.arange(n) + 0.5) / n for n in (rows, columns)), indexing="ij")
    place = jnp.stack([x, y], axis=-1).reshape(-1, 2)
    moved = turn.mean_of_ways(pair).reshape(-1, 2)
    return Tracks(place, place + moved, jnp.ones(len(place), bool))


def _filled(
    evidence: Evidence,
    pair: Float[Array, "rows columns 4"],
    focal: Float[Array, "2"],
    sides: Float[Array, "2"],
) -> Float[Array, "rows columns 4"]:
    rows, columns = pair.shape[:2]
    seen = attached.of_scene(evidence, _tracks(pair), sides).reshape(rows, columns)
    lever = turn.levers(rows, columns, focal)
    moved = turn.mean_of_ways(pair) / focal[None, None]
    explained = lever @ _rotation(lever, moved, seen)
    flow = turn.both_ways(explained) * jnp.tile(focal, 2)[None, None]
    little = (seen.mean() >= 1.0 - _MUCH) | (seen.sum() < similarity.FEWEST)
    return jnp.where((seen | little)[..., None], pair, flow)


def _rotation(
    lever: Float[Array, "rows columns 2 3"],
    moved: Float[Array, "rows columns 2"],
    seen: Bool[Array, "rows columns"],
) -> Float[Array, "3"]:
    """Return the rotation vector that fits most of what is seen of the scene."""

    def refit(_: int, found: Float[Array, "3"]) -> Float[Array, "3"]:
        squared = jnp.square(moved - lever @ found).sum(axis=-1)
        return turn.fit(lever, moved, weight / (1.0 + squared / turn.UNIT_RAD**2))

    weight = seen / jnp.maximum(seen.sum(), 1).astype(jnp.float32)
    return jax.lax.fori_loop(0, _ROUNDS, refit, turn.fit(lever, moved, weight))
