"""The official generator as a stabilisation method: windows of 32 frames that overlap by half."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import cv2
import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax import checkpoint
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan.official_generator import FRAMES, SIDE, OfficialGenerator, generator_input
from dvs_jax.video.picture import Shrink
from dvs_jax.warping import grid

HOP = FRAMES // 2

_SHARE = np.minimum(np.arange(FRAMES) + 0.5, FRAMES - 0.5 - np.arange(FRAMES)) / HOP
"""How much each frame of a window counts: those of two that overlap add up to 1."""

Rgb = UInt8[np.ndarray, "height width 3"]
Grey = UInt8[np.ndarray, "height width"]
Flow = Float[np.ndarray, "height width 2"]


@dataclass(frozen=True, eq=False)
class OfficialStabGanMethod:
    """The official generator, whose affine maps are drawn on frames of full size.

    The published program cuts a video into blocks of 32 frames and jumps between them. Here windows
    overlap by half, and maps are means of both, weighted by triangles. The last window is filled up
    by repeating the last frame.

    Attributes:
        generator: the network.
        look_ahead_s: none is told: a frame waits for up to 31 others, whatever their rate.
    """

    generator: OfficialGenerator
    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=1.0, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame; see `Method.frames`."""
        graph, weights = nnx.split(self.generator)
        shape = grid.shape_for(clip.size)
        seen = map(Shrink(clip.video.path, (SIDE, SIDE)), pictures)
        maps = (np.asarray(_maps(graph, weights, *window)) for window in windows(seen))
        for theta in blended(maps, clip.frame_count):
            yield Frame(source_grid(theta, shape, clip.size))

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.generator)}


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")  # accelerators multiply with 10 bits or less by default
def _maps(
    graph: nnx.GraphDef[OfficialGenerator],
    weights: nnx.State,
    frames: UInt8[Array, "frame height width 3"],
    flow: Float[Array, "frame height width 2"],
) -> Float[Array, "frame 2 3"]:
    return nnx.merge(graph, weights)(generator_input(frames, flow)[None])[0]


def windows(
    frames: Iterator[Rgb],
) -> Iterator[
    tuple[UInt8[np.ndarray, "32 height width 3"], Float[np.ndarray, "32 height width 2"]]
]:
    """Yield windows of frames and of the flow to each from the one before.

    A window begins every 16 frames, and the last frame of all is in none but the last, or the last
    two. The first frame of a window has no flow.
    """
    kept: list[tuple[Rgb, Flow]] = []
    before: Grey | None = None
    fresh = 0
    for frame in frames:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        kept.append((frame, _flow(grey if before is None else before, grey)))
        before, fresh = grey, fresh + 1
        if len(kept) == FRAMES:
            yield _window(kept)
            kept, fresh = kept[HOP:], 0
    if fresh:
        still = kept[-1][0], np.zeros_like(kept[-1][1])
        yield _window(kept + [still] * (FRAMES - len(kept)))


def _flow(before: Grey, after: Grey) -> Flow:
    return cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def _window(
    kept: list[tuple[Rgb, Flow]],
) -> tuple[UInt8[np.ndarray, "32 height width 3"], Float[np.ndarray, "32 height width 2"]]:
    frames, flow = map(np.stack, zip(*kept, strict=True))
    flow[0] = 0.0
    return frames, flow


def blended(
    maps: Iterator[Float[np.ndarray, "32 2 3"]], count: int
) -> Iterator[Float[np.ndarray, "2 3"]]:
    """Yield the affine map of each frame from those of windows that overlap by half.

    Args:
        maps: of each window.
        count: the number of frames.
    """
    share = np.broadcast_to(_SHARE[:, None, None], (FRAMES, 2, 3))
    first = True
    told = 0
    for window in maps:
        weighted = share * window
        if first:
            # Nothing overlaps the very first frames.
            ending, first = window[:HOP] * (1.0 - share[:HOP]), False
        done = ending + weighted[:HOP]
        yield from done[: count - told]
        told += min(HOP, count - told)
        ending, last = weighted[HOP:], window[HOP:]
    if told < count:
        yield from last[: count - told]


def source_grid(
    theta: Float[np.ndarray, "2 3"], shape: tuple[int, int], size: tuple[int, int]
) -> Float[np.ndarray, "rows columns 2"]:
    """Return the backward grid (see `methods.Frame`) of an affine map between corner pixels.

    Args:
        theta: from output to input, −1 and 1 being the centres of the outermost pixels.
        shape: rows and columns of the grid.
        size: width and height of the frame in pixels.
    """
    last = np.array(size) - 1.0
    place = 2.0 * (grid.output_points(*shape) * size - 0.5) / np.maximum(last, 1.0) - 1.0
    found = place @ theta[:, :2].T + theta[:, 2]
    return (((found + 1.0) / 2.0 * last + 0.5) / size).astype(np.float32)
