"""A video's pictures as the official network takes them, and its outputs as backward grids."""

from functools import partial
from pathlib import Path

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8
from PIL import Image

from dvs_jax import quaternion
from dvs_jax.methods import Frame, Picture
from dvs_jax.methods.along_path import processor
from dvs_jax.stabnet import official_warp
from dvs_jax.stabnet.official_network import HEIGHT, WIDTH
from dvs_jax.video.conversion import ToRgb
from dvs_jax.warping import grid

SIZE = (WIDTH, HEIGHT)


class Grey:
    """Makes of a video's pictures grey ones of the network's size, 512 × 288."""

    def __init__(self, path: Path):
        """Name the video, for messages."""
        self._to_rgb = ToRgb(path)

    def __call__(self, picture: Picture) -> UInt8[np.ndarray, "288 512"]:
        """Reduce a picture as the authors' program does."""
        grey = cv2.cvtColor(self._to_rgb(picture), cv2.COLOR_RGB2GRAY)
        # Where it shrinks, Pillow's bilinear filter looks at all pixels; OpenCV's does not.
        return np.asarray(Image.fromarray(grey).resize(SIZE, Image.Resampling.BILINEAR))


def in_range(grey: UInt8[quaternion.Array, "*frame"]) -> Float[Array, "*frame"]:
    """Return grey levels in [−0.5, 0.5]."""
    return jnp.asarray(grey, jnp.float32) / 255.0 - 0.5


def first_frame(shape: tuple[int, int]) -> Frame:
    """Return a clip's first frame, which stays as it is, as a grid of some rows and columns."""
    return Frame(grid.output_points(*shape).astype(np.float32))


def frame(theta: Float[quaternion.Array, "50"], shape: tuple[int, int]) -> Frame:
    """Return a frame for the network's output, as a grid of some rows and columns."""
    with jax.default_device(processor()):
        return Frame(np.asarray(source_grid(np.asarray(theta), shape, SIZE)))


@partial(jax.jit, static_argnums=(1, 2))
def source_grid(
    theta: Float[Array, "50"], shape: tuple[int, int], size: tuple[int, int]
) -> Float[Array, "rows columns 2"]:
    """Return the backward grid (see `methods.Frame`) that draws what the official program draws.

    Between the grid's points it is bilinear, which hides the cells' seams: along them homographies
    of neighbours differ but at the vertices.

    Args:
        theta: the network's output.
        shape: rows and columns of the grid.
        size: width and height of the pictures that the network saw, to whose pixels its two
            conventions of positions refer.
    """
    (across, column), (down, row) = (
        _along(points, length) for points, length in zip(shape[::-1], size, strict=True)
    )
    homography = official_warp.homographies(official_warp.vertices(theta))
    position = official_warp.positions(homography, across, down, column, row)
    # No vertex lies further out; only cells that are folded have points that do, without bounds.
    position = jnp.clip(position, -official_warp.FURTHEST, official_warp.FURTHEST)
    half_pixel = jnp.broadcast_to(0.5 / jnp.asarray(size, jnp.float32), position.shape)
    return (position + 1.0) / 2.0 + half_pixel


def _along(points: int, length: int) -> tuple[Float[Array, "point"], np.ndarray]:
    """Return the official positions of points from edge to edge of a picture, and their cells."""
    share = np.linspace(0.0, 1.0, points)
    cell = np.clip(np.floor(share * official_warp.CELLS), 0, official_warp.CELLS - 1).astype(int)
    position = (2.0 * share * length - 1.0) / (length - 1.0) - 1.0
    return jnp.asarray(position, jnp.float32), cell
