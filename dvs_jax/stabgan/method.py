"""Our StabGAN as a stabilisation method: frames alone, 50 of them ahead."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import checkpoint
from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan.blocks import Block, blocks
from dvs_jax.stabgan.cover_limit import GIVING_WAY
from dvs_jax.stabgan.device_work import DeviceWork
from dvs_jax.stabgan.farneback import Flow
from dvs_jax.stabgan.frames import moved, seen, shown
from dvs_jax.stabgan.generator import SEEN_AROUND, TOLD_AROUND, Generator, Motion

LOOK_AHEAD_S = (SEEN_AROUND + TOLD_AROUND + 2 * GIVING_WAY) / 30.0
"""At the frame rate of the clips that it was trained on; blocks of frames wait for themselves."""

_AT_ONCE = 16
"""Frames of a block."""


@dataclass(frozen=True, eq=False)
class StabGanMethod:
    """Shifts, turns and zooms each frame as the generator says.

    Attributes:
        generator: the network.
    """

    generator: Generator
    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=LOOK_AHEAD_S, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame; see `Method.frames`."""
        width, height = shown_size(clip.video)
        yield from shown(streamed(self.generator, seen(clip, pictures), height / width), crop)

    def device_work(self) -> DeviceWork:
        """Return the work on many clips at a time on devices."""
        return DeviceWork(self.generator)

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.generator)}


def streamed(
    generator: Generator, frames: Iterator[tuple[np.ndarray, Flow]], aspect: float
) -> Iterator[Float[np.ndarray, "2 3"]]:
    """Yield the affine map of each frame, as of the whole clip at once; see `Generator`."""
    graph, weights = nnx.split(generator)
    motion = _in_blocks(partial(_motion, graph, weights), frames, SEEN_AROUND)
    yield from _in_blocks(partial(_maps, graph, weights, np.float32(aspect)), motion, TOLD_AROUND)


def _in_blocks(
    work: Callable[[Block], Array], stream: Iterator, around: int
) -> Iterator[np.ndarray]:
    for block, count in blocks(stream, _AT_ONCE, around):
        yield from np.asarray(work(block))[around : around + count]


# By default accelerators multiply matrices with 10 bits or less.
@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _motion(graph: nnx.GraphDef[Generator], weights: nnx.State, block: Block) -> Motion:
    return moved(nnx.merge(graph, weights), block)


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _maps(
    graph: nnx.GraphDef[Generator], weights: nnx.State, aspect: Float[Array, ""], block: Block
) -> Float[Array, "frame 2 3"]:
    return nnx.merge(graph, weights).maps(block.items, block.present, aspect)
