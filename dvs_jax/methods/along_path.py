"""From a camera path to backward grids: the path limited to the crop, and its frames' grids."""

from collections.abc import Iterable, Iterator

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax import sensors
from dvs_jax.clip import Clip
from dvs_jax.methods import horizon
from dvs_jax.methods.covered_path import Levels, covered_path
from dvs_jax.methods.method import Frame
from dvs_jax.warping import grid
from dvs_jax.warping.turning import source_grids

MESH_ROWS = 34
"""Rows of the rolling-shutter mesh: 33 intervals, three times the official program's 11."""

_FRAMES_AT_ONCE = 8


def frames_along(
    clip: Clip,
    levels: Iterable[Levels],
    crop: float,
    look_ahead_s: float,
    horizon_lock: bool = False,
) -> Iterator[Frame]:
    """Yield the grid of each frame for a path, blended towards the real one where the crop demands.

    Args:
        clip: with its sensors.
        levels: all frames' poses, real and wanted, in chunks (see `Levels`).
        crop: the most that may be cut off at each side, as a fraction of width and height.
        look_ahead_s: look-ahead of the limiter, in seconds.
        horizon_lock: whether the wanted poses are turned to a level horizon (see `horizon.level`).
    """
    levels = horizon.level(clip, levels) if horizon_lock else levels
    start = 0
    for covered in covered_path(clip, levels, crop, look_ahead_s):
        yield from shown_by(clip, covered.pose, start)
        start += len(covered.pose)


def shown_by(clip: Clip, virtual: Float[np.ndarray, "frame 4"], start: int = 0) -> Iterator[Frame]:
    """Yield the grids of consecutive frames for poses of the virtual camera.

    Args:
        clip: with its sensors.
        virtual: [x, y, z, w], world to camera.
        start: index of the first of these frames.
    """
    for first in range(0, len(virtual), _FRAMES_AT_ONCE):
        poses = virtual[first : first + _FRAMES_AT_ONCE]
        yield from map(Frame, _sources(clip, poses, start + first), poses)


def _sources(
    clip: Clip, virtual: Float[np.ndarray, "frame 4"], start: int
) -> Float[np.ndarray, "filled rows columns 2"]:
    """Return a batch of grids of fixed size, so that it is compiled only once.

    Grids beyond the given poses repeat the last one.
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
    """Return the CPU, for small computations that should not wait in an accelerator's queue.

    Where JAX was configured without it, that is the accelerator.
    """
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return jax.local_devices()[0]
