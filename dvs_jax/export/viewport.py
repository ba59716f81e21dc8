"""STAR-VP: windows of viewers' directions, and their next five seconds."""

import jax
import jax.numpy as jnp
from jax import export
from jaxtyping import Array, Bool, Float, Int

from dvs_jax.export.function import Argument, Function, Named, described, floats, unnamed
from dvs_jax.viewport.cues import Cues, of_head
from dvs_jax.viewport.starvp.network import Network

_UNIT = (
    "unit vectors (cos θ sin φ, sin θ sin φ, cos φ): the azimuth θ grows rightwards from the "
    "picture's left edge, the polar angle φ downwards from its top"
)


def functions(network: Network) -> tuple[Function, ...]:
    """Return the function of a network, over any number of windows."""
    of = network.of
    like = jax.eval_shape(of_head, floats(1, of.past, 3))

    def predict(
        past: Float[Array, "window past 3"],
        points: Float[Array, "window step point 4"],
        known: Bool[Array, "window step"],
        cues: Named,
        viewer: Int[Array, "window"],
    ) -> Named:
        seen: Cues = unnamed(cues, like)
        found = jax.vmap(network)(past, points, known, seen, viewer)
        return {"direction": found.direction, "gate": found.gate}

    arguments = _arguments(network)
    returned = (
        f"`direction`, where the viewer will look at the next {of.future} samples, {_UNIT}; "
        "and `gate`, 0 to 1, how far the motion alone is trusted."
    )
    return (Function("predict", "Windows of viewers.", predict, arguments, returned),)


def _arguments(network: Network) -> tuple[Argument, ...]:
    of = network.of
    (count,) = export.symbolic_shape("windows")
    past = floats(count, of.past, 3)
    like = jax.eval_shape(of_head, past)
    steps = of.past + of.future
    return (
        Argument("past", past, f"where the viewer looked, five samples a second; {_UNIT}"),
        Argument(
            "points",
            floats(count, steps, of.points, 4),
            "salient points (x, y, z, value) of the video at the past's and the future's samples",
        ),
        Argument(
            "known",
            jax.ShapeDtypeStruct((count, steps), jnp.bool_),
            "at which of these the saliency is known; the rest of `points` has no effect",
        ),
        Argument(
            "cues",
            described(like),
            "of the past's samples: `gaze`, unit vectors, and `eyes` and `face`; where the head "
            "alone was seen, the gaze is `past` and the others are 0",
        ),
        Argument(
            "viewer",
            jax.ShapeDtypeStruct((count,), jnp.int32),
            "which of the viewers whom the network knows, from 1; 0 for anyone else",
        ),
    )
