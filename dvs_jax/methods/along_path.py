"""From a camera path to frames: the path held within the crop, and what it shows."""

from collections.abc import Iterable, Iterator

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax import sensors
from dvs_jax.clip import Clip
from dvs_jax.methods.covered_path import Levels, covered_path
from dvs_jax.methods.method import Frame
from dvs_jax.warping import grid
from dvs_jax.warping.turning import source_grids

MESH_ROWS = 34
"""Rows of the mesh that follows the rolling shutter: three times the official fineness."""

_FRAMES_AT_ONCE = 8


def frames_along(
    clip: Clip, levels: Iterable[Levels], crop: float, look_ahead_s: float
) -> Iterator[Frame]:
    """Yield what a path shows of each frame, pulled towards the real one where the crop demands.

    Args:
        clip: with its sensors.
        levels: all frames' poses, real and wanted, in portions (see `Levels`).
        crop: the most that may be cut off at each side, as a share of width and height.
        look_ahead_s: how far ahead the path may give way.
    """
    start = 0
    for covered in covered_path(clip, levels, crop, look_ahead_s):
        yield from shown_by(clip, covered.pose, start)
        start += len(covered.pose)


def shown_by(clip: Clip, virtual: Float[np.ndarray, "frame 4"], start: int = 0) -> Iterator[Frame]:
    """Yield what poses of the virtual camera show of consecutive frames.

    Args:
        clip: with its sensors.
        virtual: [x, y, z, w], world to camera.
        start: the index of the first of the frames.
    """
    for first in range(0, len(virtual), _FRAMES_AT_ONCE):
        poses = virtual[first : first + _FRAMES_AT_ONCE]
        yield from map(Frame, _sources(clip, poses, start + first), poses)


def _sources(
    clip: Clip, virtual: Float[np.ndarray, "frame 4"], start: int
) -> Float[np.ndarray, "filled rows columns 2"]:
    """Return as many grids as are made at once, so that one compiled size serves all.

    Those beyond the poses given repeat the last.
    """
    assert clip.sensors is not None
    part = sensors.part_of(clip.sensors, slice(start, start + len(virtual)))
    pose, ois = sensors.row_poses(part, MESH_ROWS)
    filled = np.minimum(np.arange(_FRAMES_AT_ONCE), len(virtual) - 1)
    given = [array[filled].astype(np.float32) for array in (pose, ois, virtual)]
    shape = grid.shape_for(clip.size)
    with jax.default_device(processor()):
        return np.asarray(source_grids(clip.sensors.camera, *given, size=clip.size, shape=shape))


def processor() -> jax.Device:
    """Return the CPU, where no accelerator's queue holds up what the host works out.

    Where JAX was told to do without it, that is the accelerator.
    """
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return jax.local_devices()[0]
