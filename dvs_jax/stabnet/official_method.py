"""The official network as a stabilisation method: frames alone, no look-ahead."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float
from PIL import Image

from dvs_jax import checkpoint
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabnet import official_stream, official_warp
from dvs_jax.stabnet.official_network import HEIGHT, WIDTH, OfficialNetwork
from dvs_jax.stabnet.official_stream import History
from dvs_jax.video.conversion import ToRgb
from dvs_jax.warping import grid


@dataclass(frozen=True, eq=False)
class OfficialStabNetMethod:
    """The official network, whose grids are drawn on frames of full size.

    It knows no crop: the published program cuts its output afterwards.

    Attributes:
        network: in inference mode.
    """

    network: OfficialNetwork
    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=0.0, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame, the first as it is; see `Method.frames`."""
        graph, weights = nnx.split(self.network)
        shape = grid.shape_for(clip.size)
        seen = map(_Grey(clip.video.path), pictures)
        history = None
        for current in seen:
            if history is None:
                history = official_stream.begin(current)
                yield Frame(grid.output_points(*shape).astype(np.float32))
                continue
            history, source = _step(graph, shape, weights, history, current)
            yield Frame(np.asarray(source))

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.network)}


class _Grey:
    """Makes of a video's pictures what the network takes: grey in [−0.5, 0.5], 512 × 288."""

    def __init__(self, path: Path):
        self._to_rgb = ToRgb(path)

    def __call__(self, picture: Picture) -> Float[Array, "288 512"]:
        grey = cv2.cvtColor(self._to_rgb(picture), cv2.COLOR_RGB2GRAY)
        # Where it shrinks, Pillow's bilinear filter looks at all pixels; OpenCV's does not.
        small = Image.fromarray(grey).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
        return jnp.asarray(np.asarray(small, np.float32) / np.float32(255) - np.float32(0.5))


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=3)
def _step(
    graph: nnx.GraphDef[OfficialNetwork],
    shape: tuple[int, int],
    weights: nnx.State,
    history: History,
    current: Float[Array, "height width"],
) -> tuple[History, Float[Array, "rows columns 2"]]:
    history, (theta, _) = official_stream.step(graph, weights, history, current)
    return history, source_grid(theta, shape, (current.shape[1], current.shape[0]))


def source_grid(
    theta: Float[Array, "50"], shape: tuple[int, int], size: tuple[int, int] = (WIDTH, HEIGHT)
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
    half_pixel = jnp.broadcast_to(0.5 / jnp.asarray(size, jnp.float32), position.shape)
    return (position + 1.0) / 2.0 + half_pixel


def _along(points: int, length: int) -> tuple[Float[Array, "point"], np.ndarray]:
    """Return the official positions of points from edge to edge of a picture, and their cells."""
    share = np.linspace(0.0, 1.0, points)
    cell = np.clip(np.floor(share * official_warp.CELLS), 0, official_warp.CELLS - 1).astype(int)
    position = (2.0 * share * length - 1.0) / (length - 1.0) - 1.0
    return jnp.asarray(position, jnp.float32), cell
