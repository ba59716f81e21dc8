"""A clip as our generator takes it, and its affine maps as backward grids."""

from collections.abc import Iterator

import cv2
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan.blocks import Block
from dvs_jax.stabgan.cover_limit import held
from dvs_jax.stabgan.farneback import Flow, Grey, flow_between
from dvs_jax.stabgan.generator import LONGER_SIDE, Generator, Motion, generator_input
from dvs_jax.video.picture import Shrink
from dvs_jax.warping import grid

_POINTS = 5
"""Rows and columns of the grids; an affine map needs no more than two."""

_LEAST_LIKENESS = 0.5
"""Correlation of a picture with the one before it, led back by the flow, below which there is a
cut. On real clips it is 0.84 or more within a scene and 0.25 at a cut."""

_LEAST_CHANGE = 10.0
"""Levels that pictures have to differ by in the mean: flat ones of a scene correlate little."""

Rgb = UInt8[np.ndarray, "height width 3"]


def looked_at(size: tuple[float, float]) -> tuple[int, int]:
    """Return the width and height at which the generator looks at pictures that are shown so."""
    scale = LONGER_SIDE / max(size)
    width, height = (max(2 * round(scale * side / 2), 16) for side in size)
    return width, height


def seen(clip: Clip, pictures: Iterator[Picture]) -> Iterator[tuple[Rgb, Flow]]:
    """Yield a clip's pictures as the generator looks at them, with their flow."""
    return with_flow(map(Shrink(clip.video.path, looked_at(shown_size(clip.video))), pictures))


def with_flow(frames: Iterator[Rgb]) -> Iterator[tuple[Rgb, Flow]]:
    """Yield small RGB frames, each with the flow to it from the one before; 0 where there is none.

    There is none for the first frame of a scene.
    """
    before: Grey | None = None
    for frame in frames:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        flow = np.zeros((*grey.shape, 2), np.float32)
        if before is not None:
            found = flow_between(before, grey)
            flow = flow if is_cut(before, grey, found) else found
        yield frame, flow
        before = grey


def is_cut(before: Grey, after: Grey, flow: Flow) -> bool:
    """Return whether another scene begins, so that the flow tells nothing of the camera.

    The later picture, led back by the flow, is then unlike the earlier one.
    """
    rows, columns = before.shape
    place = flow + np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    led_back = cv2.remap(
        after, place.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    one, other = (each - each.mean() for each in (before, led_back))
    likeness = (one * other).sum() / max(np.sqrt((one**2).sum() * (other**2).sum()), 1.0)
    changed = np.abs(one - other).mean()
    return bool(likeness < _LEAST_LIKENESS and changed > _LEAST_CHANGE)


def moved(generator: Generator, block: Block) -> Motion:
    """Return by how much the frames of a block of `seen` have moved, as the generator tells it."""
    frames, flow = block.items
    x = generator_input(jnp.asarray(frames, jnp.float32) / 255.0, jnp.asarray(flow))
    return generator.motion(x, block.present)


def shown(maps: Iterator[Float[np.ndarray, "2 3"]], crop: float) -> Iterator[Frame]:
    """Yield the frames of a clip's maps, held within a crop."""
    for theta in held(maps, crop):
        yield Frame(source_grid(theta))


def source_grid(theta: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "5 5 2"]:
    """Return the backward grid (see `methods.Frame`) of an affine map from edge to edge."""
    place = 2.0 * grid.output_points(_POINTS, _POINTS) - 1.0
    found = place @ theta[:, :2].T + theta[:, 2]
    return ((found + 1.0) / 2.0).astype(np.float32)
