"""The stage that draws what the virtual camera sees."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import av
import numpy as np
from jaxtyping import Float

from dvs_jax import camera, sensors, warp
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.pipeline.framing import View
from dvs_jax.video import picture as pictures
from dvs_jax.warp import Border

DRAWN_ROWS = 34
"""Rows and columns of the grid that frames are drawn with: three times the official fineness."""

_FRAMES_AT_ONCE = 8


class Drawn(NamedTuple):
    """A frame as the virtual camera sees it.

    Attributes:
        view: what is shown.
        pictures: each output's picture.
    """

    view: View
    pictures: list[av.VideoFrame]


def drawn(
    viewed: Iterable[tuple[av.VideoFrame, View]], clip: Clip, uncropped: bool, border: Border
) -> Iterator[Drawn]:
    """Yield each frame cropped to its view and, if wanted, the whole of it.

    Args:
        viewed: the source's pictures, and what is to be seen of them.
        clip: the source.
        uncropped: whether to draw a second picture that nothing is cut off from.
        border: what fills pixels that a frame does not cover.
    """
    items, start = iter(viewed), 0
    width, height = clip.size
    even = width - width % 2, height - height % 2
    while chunk := list(islice(items, _FRAMES_AT_ONCE)):
        poses = np.stack([view.pose for _, view in chunk])
        for (picture, view), grid in zip(chunk, _grids_from(clip, poses, start), strict=True):
            shares = [view.kept, 1.0] if uncropped else [view.kept]
            drawn_pictures = [pictures.blank(even) for _ in shares]
            for kept, target in zip(shares, drawn_pictures, strict=True):
                source, planes = pictures.planes(picture), pictures.planes(target)
                warp.warp_planes(source, grid, kept, border, planes)
            yield Drawn(view, drawn_pictures)
        start += len(chunk)


def grids(clip: Clip, virtual: CameraPath) -> Iterator[Float[np.ndarray, "row column 4"]]:
    """Compute each frame's grid (see `camera.warp_grid`), a few at a time.

    Args:
        clip: the source.
        virtual: a pose a frame.

    Yields:
        For each frame float64 [row, column, 4], (x′, y′, u, v) in fractions of the frame, with
        `DRAWN_ROWS` rows and columns: the source point (u, v) lands at (x′, y′).
    """
    for start in range(0, clip.frame_count, _FRAMES_AT_ONCE):
        poses = virtual.quaternion[start : start + _FRAMES_AT_ONCE]
        yield from _grids_from(clip, poses, start)


def _grids_from(
    clip: Clip, virtual: Float[np.ndarray, "frame 4"], start: int
) -> Float[np.ndarray, "frame row column 4"]:
    """Return the grids of some frames, from the one of index `start` on."""
    part = sensors.part_of(clip.sensors, slice(start, start + len(virtual)))
    real, ois = sensors.row_poses(part, DRAWN_ROWS)
    return camera.warp_grid(clip.sensors.camera, clip.size, real, ois, virtual)
