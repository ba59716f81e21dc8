"""The metrics of a method's output video, which is drawn but not stored."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from dvs_jax import clip as clips
from dvs_jax import metrics
from dvs_jax.camera import Camera
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame
from dvs_jax.methods.covered_path import seconds
from dvs_jax.metrics import Metrics
from dvs_jax.progress import Track
from dvs_jax.stabilization.framing import Shares, led_back
from dvs_jax.video import Frame as Picture
from dvs_jax.warping import host


def measure(
    clip: Clip,
    methods: Sequence[Iterable[Frame]],
    crop: float,
    track: Track,
    films: Sequence[Iterator[Picture]] = (),
) -> tuple[Metrics, list[Metrics]]:
    """Compute the metrics of a clip's video and of each method's; jitter is that of the pictures.

    Args:
        clip: with its video.
        methods: each yields the grids of all frames; those that leave the crop are blended with
            the identity as in `stabilize`.
        crop: fraction of width and height that is cut off at each side of the output.
        track: reports every frame.
        films: the frames of stabilised videos, already cropped.

    Returns:
        The metrics of the unstabilised video, of each method's and of each film. The input's shake,
        sharpness and flow are those of what the crop shows of it.
    """
    shares = Shares(crop, clip.size)
    camera = Camera() if clip.sensors is None else clip.sensors.camera
    time_ns = clips.center_time_ns(clip)
    within = [led_back(frames, seconds(clip), shares) for frames in methods]
    kept = shares.smallest
    frames = track(_beside(_drawn(clip, within, kept), films), clip.frame_count, "measuring")
    return metrics.measure_each(frames, time_ns, camera, cropped(camera, kept), kept)


def _drawn(
    clip: Clip, methods: Sequence[Iterator[Frame]], kept: float
) -> Iterator[tuple[Picture, list[Picture]]]:
    for picture, *frames in zip(clips.read_frames(clip), *methods, strict=False):
        yield (
            picture,
            [host.warp_frame(picture, frame.source, kept, "black") for frame in frames],
        )


def _beside(
    drawn: Iterator[tuple[Picture, list[Picture]]], films: Sequence[Iterator[Picture]]
) -> Iterator[tuple[Picture, list[Picture]]]:
    for (picture, pictures), *others in zip(drawn, *films, strict=False):
        yield picture, [*pictures, *others]


def cropped(camera: Camera, kept: float) -> Camera:
    """Return the camera that sees the central fraction `kept` of the width and of the height."""
    across, down = camera.focal_length
    x, y = (0.5 + (each - 0.5) / kept for each in camera.principal_point)
    return dataclasses.replace(
        camera, focal_length=(across / kept, down / kept), principal_point=(x, y)
    )
