"""The official measures of the video that a path leads to, drawn but not stored."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from dvs_jax import clip as clips
from dvs_jax import metrics, stabilization, warp
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.metrics import Metrics
from dvs_jax.progress import Track


def measure(clip: Clip, path: CameraPath | None, crop: float, track: Track, label: str) -> Metrics:
    """Return the measures of the video that a path leads to; its jitter is that of the pictures.

    Args:
        clip: with its video.
        path: the virtual camera's pose at every frame; None measures the video as it is.
        crop: share of width and height that is cut off at each side of what is drawn.
        track: told of every frame.
        label: under which it is told.
    """
    camera, time_ns = clip.sensors.camera, clips.center_time_ns(clip)
    inputs = track(clips.read_frames(clip), clip.frame_count, label)
    if path is None:
        return metrics.measure(inputs, inputs, time_ns=time_ns, camera=camera).output
    # The outermost pixels blend with the border.
    kept = 1.0 - 2.0 * crop - 2.0 / min(clip.size)
    outputs, zoomed = _drawn(clip, path, kept), _cropped(camera, kept)
    return metrics.measure(inputs, outputs, time_ns=time_ns, camera=zoomed).output


def _drawn(
    clip: Clip, path: CameraPath, kept: float
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    grids = stabilization.grids(clip, path)
    for frame, grid in zip(clips.read_frames(clip), grids, strict=False):
        yield warp.warp_frame(frame, grid, kept, "black")


def _cropped(camera: Camera, kept: float) -> Camera:
    """Return the camera that sees the central share `kept` of the width and of the height."""
    across, down = camera.focal_length
    x, y = (0.5 + (each - 0.5) / kept for each in camera.principal_point)
    return dataclasses.replace(
        camera, focal_length=(across / kept, down / kept), principal_point=(x, y)
    )
