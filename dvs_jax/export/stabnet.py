"""Our StabNet: frames of a clip at a time, and one after the other with the state outside."""

import jax
import jax.numpy as jnp
from jax import export
from jaxtyping import Array, UInt8

from dvs_jax.export.function import (
    PICTURE_SHAPES,
    Argument,
    Function,
    Named,
    described,
    named,
    unnamed,
)
from dvs_jax.stabnet import online
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.online import Setting, State
from dvs_jax.stabnet.seen import grey, looked_at

RATE, CROP = 30.0, 0.1
"""Frames per second, and the share that may be cut off at each side."""

_PICTURES = "luma of the frame, 0 to 255, made smaller by averaging"

_GRID = (
    "`grid` [5, 5, (x, y)]: where in the frame each vertex of the output is found, both in shares "
    "of width and height, rows from the top"
)


def functions(network: Network) -> tuple[Function, ...]:
    """Return the functions of a network for the usual shapes of pictures."""
    sizes = map(looked_at, PICTURE_SHAPES)
    return tuple(function for size in sizes for function in of_size(network, *size))


def of_size(network: Network, width: int, height: int) -> tuple[Function, ...]:
    """Return the functions for pictures of a size."""
    setting = online.setting(RATE, CROP, height / width)
    picture = jax.ShapeDtypeStruct((height, width), jnp.uint8)
    like = jax.eval_shape(lambda each: online.begin(network, setting, grey(each)), picture)
    seen = Argument("picture", picture, _PICTURES)
    state = Argument("state", described(like), "as `begin` or the frame before returned it")

    def begin(picture: UInt8[Array, "height width"]) -> Named:
        return named(online.begin(network, setting, grey(picture)))

    def push(state: Named, picture: UInt8[Array, "height width"]) -> tuple[Named, Named]:
        after, source = _pushed(network, setting, unnamed(state, like), picture)
        return named(after), {"grid": source}

    def clip(pictures: UInt8[Array, "frame height width"]) -> Named:
        start = online.begin(network, setting, grey(pictures[0]))
        advance = lambda before, each: _pushed(network, setting, before, each)  # noqa: E731
        return {"grid": jax.lax.scan(advance, start, pictures[1:])[1]}

    (frames,) = export.symbolic_shape("frames", constraints=["frames >= 2"])
    pictures = jax.ShapeDtypeStruct((frames, height, width), jnp.uint8)
    of = f"{width}x{height}"
    return (
        Function(
            f"begin_{of}", "The state after a clip's first frame.", begin, (seen,), "the state."
        ),
        Function(
            f"push_{of}",
            f"One frame, at {RATE:g} frames/s and a crop of {CROP:g} at each side.",
            push,
            (state, seen),
            f"the new state; and {_GRID}.",
        ),
        Function(
            f"clip_{of}",
            f"All frames of a clip, at {RATE:g} frames/s and a crop of {CROP:g} at each side.",
            clip,
            (Argument("pictures", pictures, f"{_PICTURES}, of each frame"),),
            f"{_GRID}, of each frame but the first, which is shown as it is.",
        ),
    )


def _pushed(
    network: Network, setting: Setting, state: State, picture: UInt8[Array, "height width"]
) -> tuple[State, Array]:
    state, _ = online.push(network, setting, state, grey(picture))
    return state, online.source(state.look, picture.shape[0] / picture.shape[1])
