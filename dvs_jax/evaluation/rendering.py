"""The official measures of the video that a path leads to, drawn but not stored."""

import dataclasses
from collections.abc import Iterator, Sequence

from dvs_jax import clip as clips
from dvs_jax import metrics
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.metrics import Metrics
from dvs_jax.progress import Track
from dvs_jax.stabilization import pipeline
from dvs_jax.video import Frame
from dvs_jax.warping import host as warp


def measure(
    clip: Clip, paths: Sequence[CameraPath], crop: float, track: Track
) -> tuple[Metrics, list[Metrics]]:
    """Measure a clip's video and those that paths lead to; their jitter is that of the pictures.

    Args:
        clip: with its video.
        paths: each a pose of the virtual camera at every frame.
        crop: share of width and height that is cut off at each side of what is drawn.
        track: told of every frame.

    Returns:
        The measures of the video as it is, and of that of each path.
    """
    # The outermost pixels blend with the border.
    kept = 1.0 - 2.0 * crop - 2.0 / min(clip.size)
    camera = clip.sensors.camera
    frames = track(_drawn(clip, paths, kept), clip.frame_count, "measuring")
    time_ns = clips.center_time_ns(clip)
    return metrics.measure_each(frames, time_ns, camera, cropped(camera, kept))


def _drawn(
    clip: Clip, paths: Sequence[CameraPath], kept: float
) -> Iterator[tuple[Frame, list[Frame]]]:
    grids_of_paths = [pipeline.grids(clip, path) for path in paths]
    for frame, *grids in zip(clips.read_frames(clip), *grids_of_paths, strict=False):
        yield frame, [warp.warp_frame(frame, grid, kept, "black") for grid in grids]


def cropped(camera: Camera, kept: float) -> Camera:
    """Return the camera that sees the central share `kept` of the width and of the height."""
    across, down = camera.focal_length
    x, y = (0.5 + (each - 0.5) / kept for each in camera.principal_point)
    return dataclasses.replace(
        camera, focal_length=(across / kept, down / kept), principal_point=(x, y)
    )
