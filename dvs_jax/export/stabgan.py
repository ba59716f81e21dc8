"""Our StabGAN: the affine maps of a clip's frames, of all at once and of sixteen after sixteen."""

import jax
import jax.numpy as jnp
from jax import export
from jaxtyping import Array, Bool, Float, UInt8

from dvs_jax.export.function import (
    PICTURE_SHAPES,
    Argument,
    Function,
    Named,
    described,
    floats,
    named,
    unnamed,
)
from dvs_jax.stabgan.blocks import Block
from dvs_jax.stabgan.device_work import FRAMES, DeviceWork
from dvs_jax.stabgan.frames import looked_at
from dvs_jax.stabgan.generator import SEEN_AROUND, TOLD_AROUND, Generator, generator_input

_PICTURES = "RGB of the frames, 0 to 255, made smaller by averaging"
_FLOW = (
    "pixels (x, y) by which the content of each pixel has moved since the frame before, 0 for the "
    "first frame; OpenCV's calcOpticalFlowFarneback with 0.5, 3, 15, 3, 5, 1.2, 0 on grey"
)
_MAPS = (
    "`maps` [2, 3] of each frame: where in the frame (x, y) of the output is found, both from edge "
    "to edge −1 to 1"
)


def functions(generator: Generator) -> tuple[Function, ...]:
    """Return the functions of a generator for the usual shapes of pictures."""
    sizes = map(looked_at, PICTURE_SHAPES)
    return tuple(function for size in sizes for function in of_size(generator, *size))


def of_size(generator: Generator, width: int, height: int) -> tuple[Function, ...]:
    """Return the functions for pictures of a size."""
    return _of_clips(generator, width, height), _of_stretches(generator, width, height)


def _of_clips(generator: Generator, width: int, height: int) -> Function:
    def clip(
        pictures: UInt8[Array, "frame height width 3"], flow: Float[Array, "frame height width 2"]
    ) -> Named:
        seen = generator_input(pictures.astype(jnp.float32) / 255.0, flow)
        return {"maps": generator(seen, jnp.ones(pictures.shape[0], bool), height / width)}

    (frames,) = export.symbolic_shape("frames", constraints=["frames >= 2"])
    return Function(
        f"clip_{width}x{height}",
        "All frames of a clip.",
        clip,
        _frames(frames, width, height),
        f"{_MAPS}.",
    )


def _of_stretches(generator: Generator, width: int, height: int) -> Function:
    work = DeviceWork(generator)
    count = FRAMES + 2 * SEEN_AROUND
    frames = _frames(count, width, height)
    present = jax.ShapeDtypeStruct((count,), jnp.bool_)
    of_all = Block(tuple(each.shapes for each in frames), present)
    like = jax.eval_shape(work.begin, (of_all, floats()))

    def stretch(
        state: Named,
        pictures: UInt8[Array, "frame height width 3"],
        flow: Float[Array, "frame height width 2"],
        present: Bool[Array, "frame"],
    ) -> tuple[Named, Named]:
        block = Block((pictures, flow), present)
        aspect = jnp.float32(height / width)
        after, maps = work(work.weights, unnamed(state, like), (block, aspect))
        return named(after), {"maps": maps}

    return Function(
        f"stretch_{width}x{height}",
        f"{FRAMES} more frames of a clip, between the {SEEN_AROUND} before and after them.",
        stretch,
        (
            Argument("state", described(like), "0 and false at first; then as it was returned"),
            *frames,
            Argument("present", present, "false where the clip has not begun or has ended"),
        ),
        f"the new state; and {_MAPS.replace('each frame', f'the {FRAMES} frames')} that lie "
        f"{TOLD_AROUND} before those.",
    )


def _frames(count: object, width: int, height: int) -> tuple[Argument, Argument]:
    pictures = jax.ShapeDtypeStruct((count, height, width, 3), jnp.uint8)
    flow = jax.ShapeDtypeStruct((count, height, width, 2), jnp.float32)
    return Argument("pictures", pictures, _PICTURES), Argument("flow", flow, _FLOW)
