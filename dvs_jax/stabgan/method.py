"""Our StabGAN as a stabilisation method: frames alone, 32 of them ahead."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import checkpoint
from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan.blocks import Block, blocks
from dvs_jax.stabgan.farneback import Flow, Grey, flow_between
from dvs_jax.stabgan.generator import (
    LONGER_SIDE,
    SEEN_AROUND,
    TOLD_AROUND,
    Descriptions,
    Generator,
    generator_input,
)
from dvs_jax.video.picture import Shrink
from dvs_jax.warping import grid

LOOK_AHEAD_S = (SEEN_AROUND + TOLD_AROUND) / 30.0
"""At the frame rate of the clips that it was trained on; blocks of frames wait for themselves."""

_AT_ONCE = 16
"""Frames of a block."""
_POINTS = 5
"""Rows and columns of the grids; an affine map needs no more than two."""
_SOFT = 0.7
"""Share of the crop up to which nothing is held back."""

Maps = Callable[[Descriptions, Array], Float[Array, "frame 2 3"]]


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
        small = map(Shrink(clip.video.path, looked_at((width, height))), pictures)
        for theta in streamed(self.generator, with_flow(small), height / width):
            yield Frame(source_grid(within(theta, crop)))

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.generator)}


def looked_at(size: tuple[float, float]) -> tuple[int, int]:
    """Return the width and height at which the generator looks at pictures that are shown so."""
    scale = LONGER_SIDE / max(size)
    width, height = (max(2 * round(scale * side / 2), 16) for side in size)
    return width, height


def with_flow(frames: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, Flow]]:
    """Yield small RGB frames, each with the flow to it from the one before; 0 for the first."""
    before: Grey | None = None
    for frame in frames:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        if before is None:
            yield frame, np.zeros((*grey.shape, 2), np.float32)
        else:
            yield frame, flow_between(before, grey)
        before = grey


def streamed(
    generator: Generator, frames: Iterator[tuple[np.ndarray, Flow]], aspect: float
) -> Iterator[Float[np.ndarray, "2 3"]]:
    """Yield the affine map of each frame, as of the whole clip at once; see `Generator`."""
    graph, weights = nnx.split(generator)
    described = _in_blocks(partial(_descriptions, graph, weights), frames, SEEN_AROUND)
    yield from _in_blocks(partial(_maps, graph, weights, aspect), described, TOLD_AROUND)


def _in_blocks(
    work: Callable[[Block], Array], stream: Iterator, around: int
) -> Iterator[np.ndarray]:
    for block, count in blocks(stream, _AT_ONCE, around):
        yield from np.asarray(work(block))[around : around + count]


# By default accelerators multiply matrices with 10 bits or less.
@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _descriptions(graph: nnx.GraphDef[Generator], weights: nnx.State, block: Block) -> Descriptions:
    frames, flow = block.items
    seen = generator_input(jnp.asarray(frames, jnp.float32) / 255.0, jnp.asarray(flow))
    return nnx.merge(graph, weights).descriptions(seen, block.present)


@partial(jax.jit, static_argnums=(0, 2))
@jax.default_matmul_precision("highest")
def _maps(
    graph: nnx.GraphDef[Generator], weights: nnx.State, aspect: float, block: Block
) -> Float[Array, "frame 2 3"]:
    return nnx.merge(graph, weights).maps(block.items, block.present, aspect)


def within(theta: Float[np.ndarray, "2 3"], crop: float) -> Float[np.ndarray, "2 3"]:
    """Return a map held back smoothly so that what the crop leaves does not reach beyond the frame.

    Args:
        theta: from output to input, from edge to edge −1 to 1.
        crop: the most that may be cut off at each side, as a share of width and height.
    """
    side = 1.0 - 2.0 * crop
    corners = side * np.array([[-1, -1, 1, 1], [-1, 1, -1, 1], [1 / side] * 4])
    size = (np.abs(theta @ corners).max() - side) / max(2.0 * crop, 1e-6)
    if size <= _SOFT:
        return theta
    held = _SOFT + (1.0 - _SOFT) * np.tanh((size - _SOFT) / (1.0 - _SOFT))
    return np.eye(2, 3) + held / size * (theta - np.eye(2, 3))


def source_grid(theta: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "5 5 2"]:
    """Return the backward grid (see `methods.Frame`) of an affine map from edge to edge."""
    place = 2.0 * grid.output_points(_POINTS, _POINTS) - 1.0
    found = place @ theta[:, :2].T + theta[:, 2]
    return ((found + 1.0) / 2.0).astype(np.float32)
