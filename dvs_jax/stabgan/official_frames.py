"""A clip as the official generator takes it, and its affine maps as backward grids."""

from collections.abc import Iterator

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax.clip import Clip
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan.official_generator import SIDE, OfficialGenerator, generator_input
from dvs_jax.stabgan.official_windows import Window, blended
from dvs_jax.video.picture import Shrink
from dvs_jax.warping import grid


def small(clip: Clip, pictures: Iterator[Picture]) -> Iterator[UInt8[np.ndarray, "192 192 3"]]:
    """Yield a clip's pictures, RGB, at the generator's size, averaged over each pixel's area."""
    return map(Shrink(clip.video.path, (SIDE, SIDE)), pictures)


# By default accelerators multiply matrices with 10 bits or less.
@jax.default_matmul_precision("highest")
def affine_maps(
    graph: nnx.GraphDef[OfficialGenerator], weights: nnx.State, window: Window
) -> Float[Array, "32 2 3"]:
    """Return the affine map of each frame of one window."""
    return nnx.merge(graph, weights)(generator_input(*window)[None])[0]


def shown(maps: Iterator[Float[np.ndarray, "32 2 3"]], clip: Clip) -> Iterator[Frame]:
    """Yield a clip's frames for the maps of its windows."""
    shape = grid.shape_for(clip.size)
    for theta in blended(maps, clip.frame_count):
        yield Frame(source_grid(theta, shape, clip.size))


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
