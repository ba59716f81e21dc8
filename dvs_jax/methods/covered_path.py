"""A camera path limited to what the crop leaves covered, as a stream."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax import sensors
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.smoothing import Covered, CoverLimit, Exposure

LIMIT_LOOK_AHEAD_S = 0.4
"""The limiter's look-ahead for networks' paths: the same as the networks'."""

_FRAMES_AT_ONCE = 64

Levels = Float[np.ndarray, "level frame 4"]
"""Poses of consecutive frames, [x, y, z, w], world to camera. Level by level: the real ones, any
intermediate ones, and the wanted ones."""


def covered_path(
    clip: Clip, levels: Iterable[Levels], crop: float, look_ahead_s: float
) -> Iterator[Covered]:
    """Yield the path limited to what the crop leaves covered, in chunks, in order.

    Args:
        clip: whose frames they are.
        levels: all frames' poses, in chunks of any length.
        crop: the most that may be cut off at each side, as a fraction of width and height.
        look_ahead_s: look-ahead of the limiter, in seconds.
    """
    limit, start = CoverLimit(crop, look_ahead_s), 0
    time_s = seconds(clip)
    for poses in levels:
        part = slice(start, start + poses.shape[1])
        yield limit.push(time_s[part], poses, exposure_of(clip, part))
        start = part.stop
    yield limit.finish()


def seconds(clip: Clip) -> Float[np.ndarray, "frame"]:
    """Return when each frame's middle row was exposed, in seconds since the first one's."""
    time_ns = clips.center_time_ns(clip)
    return (time_ns - time_ns[0]) * 1e-9


def exposure_of(clip: Clip, frames: slice = slice(None)) -> Exposure:
    """Return the camera's poses while the mesh rows of some frames were exposed."""
    assert clip.sensors is not None
    part = sensors.part_of(clip.sensors, frames)
    return Exposure(clip.sensors.camera, clip.size, *sensors.row_poses(part))


def in_portions(paths: Sequence[CameraPath]) -> Iterator[Levels]:
    """Yield the poses of whole paths in chunks, level by level from the real to the wanted one."""
    for start in range(0, len(paths[0]), _FRAMES_AT_ONCE):
        yield np.stack([path.quaternion[start : start + _FRAMES_AT_ONCE] for path in paths])
