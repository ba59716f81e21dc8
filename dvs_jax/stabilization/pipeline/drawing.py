"""The stage that draws what the virtual camera sees."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import av
import jax
import numpy as np
from jaxtyping import Float

from dvs_jax import camera, sensors
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.stabilization.pipeline.framing import View
from dvs_jax.video import picture as pictures
from dvs_jax.warping import host as warp
from dvs_jax.warping.device import lattice_maps
from dvs_jax.warping.host import Border

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
        lattices = _lattices(clip, [view for _, view in chunk], uncropped, start)
        for (picture, view), of_videos in zip(chunk, lattices, strict=False):
            source = pictures.planes(picture)
            drawn_pictures = [pictures.blank(even) for _ in of_videos]
            for lattice, target in zip(of_videos, drawn_pictures, strict=True):
                warp.warp_planes(source, lattice, border, pictures.planes(target))
            yield Drawn(view, drawn_pictures)
        start += len(chunk)


def _lattices(
    clip: Clip, views: list[View], uncropped: bool, start: int
) -> Float[np.ndarray, "frame video row column 2"]:
    """Return where each video of some frames shows what; see `warp.lattice_map`.

    There are always as many as are drawn at once, so that one compiled size serves all; those
    that no view is given for repeat the last.
    """
    grids = _grids_from(clip, np.stack([view.pose for view in views]), start)
    kept = np.array([[view.kept, 1.0][: 1 + uncropped] for view in views])
    filled = np.minimum(np.arange(_FRAMES_AT_ONCE), len(views) - 1)
    given = (array[filled].astype(np.float32) for array in (grids, kept))
    with jax.default_device(_processor()):
        return np.asarray(lattice_maps(*given, clip.size))


def _processor() -> jax.Device:
    """Return the CPU, where no accelerator's queue holds up what the host draws.

    Where JAX was told to do without it, that is the accelerator.
    """
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return jax.local_devices()[0]


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
