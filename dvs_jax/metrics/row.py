"""Accumulating one row of the metrics table, frame by frame."""

import math

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.metrics import official
from dvs_jax.metrics.area import area_kept
from dvs_jax.metrics.features import HEIGHT, WIDTH, View
from dvs_jax.metrics.flow_difference import FlowDifference
from dvs_jax.metrics.image_path import image_path
from dvs_jax.metrics.matching import as_array, fill_unknown, match
from dvs_jax.metrics.rotation import angular_jerk, rotation_jitter, rotation_stability
from dvs_jax.metrics.shake import ShakeMeasurement
from dvs_jax.metrics.table import Metrics


class Row:
    """Takes a video frame by frame; only homographies and scalars are kept."""

    def __init__(self, rate: float, focal_length: float, shown: float = 1.0):
        """Begin with nothing.

        Args:
            rate: frames per second.
            focal_length: of the camera that sees what is watched, as a fraction of its width.
            shown: the central fraction of the width and height that is watched of the frames.
        """
        self._shake = ShakeMeasurement(rate, focal_length)
        self._flow_difference = FlowDifference()
        self._shown = shown
        self._size = self._watched_size = (WIDTH, HEIGHT)
        self._warps: list[Float[np.ndarray, "3 3"] | None] = []
        self._motions: list[Float[np.ndarray, "3 3"] | None] = []
        self._correlations: list[Float[np.ndarray, " tile"]] = []
        self._previous: View | None = None

    def add(self, source: View, target: View) -> None:
        """Match a frame with its source and with the frame before it.

        Args:
            source: the unstabilised frame.
            target: this row's frame; the same object for the input's row.
        """
        warp = np.eye(3) if target is source else match(source, target)
        if warp is not None and len(self._warps) >= official.FIRST_CORRELATED_FRAME:
            greys = source.picture.grey, target.picture.grey
            self._correlations.append(official.tile_correlations(*greys, warp))
        self._shake.add(target.step)
        self._flow_difference.add(source, target)
        self._warps.append(warp)
        if self._previous is not None:
            self._motions.append(match(self._previous, target))
        self._previous = target
        self._size, self._watched_size = target.picture.size, target.picture.watched_size

    def image_path(self, time_ns: Int[np.ndarray, "frame"], camera: Camera) -> CameraPath:
        """Return the camera path estimated from the pictures (see `image_path`)."""
        return image_path(as_array(self._motions), self._size, time_ns, camera)

    def summary(self, path: CameraPath) -> Metrics:
        """Return the metrics, with the jitter and jerk of a path."""
        warps = np.array([warp for warp in self._warps if warp is not None]).reshape(-1, 3, 3)
        motions = fill_unknown(as_array(self._motions))
        distortion, (across, down) = official.distortion(warps), official.fov_ratios(warps)
        translation, rotation = official.stability(motions)
        correlation = np.array(self._correlations)
        correlation = correlation[np.isfinite(correlation)]
        return Metrics(
            frames=len(self._warps),
            **self._shake.summary()._asdict(),
            area_kept=area_kept(warps, self._shown),
            flow_difference_px=self._flow_difference.mean(),
            unmatched_frames=len(self._warps) - len(warps),
            unmatched_motions=sum(motion is None for motion in self._motions),
            distortion_average=_mean(distortion),
            distortion_min=_smallest(distortion),
            fov_ratio_average=(_mean(across) + _mean(down)) / 2.0,
            fov_ratio_min=min(_smallest(across), _smallest(down)),
            output_pixels=math.prod(self._watched_size),
            stability_translation=translation,
            stability_rotation=rotation,
            stability_mean=(translation + rotation) / 2.0,
            stability_rotation_corrected=rotation_stability(motions),
            correlation_average=(1.0 + _mean(correlation)) / 2.0,
            correlation_min=_smallest(correlation),
            rotation_jitter_deg=rotation_jitter(path),
            angular_jerk_deg_s3=angular_jerk(path),
        )


def _mean(values: Float[np.ndarray, "value"]) -> float:
    return float(values.mean()) if values.size else math.nan


def _smallest(values: Float[np.ndarray, "value"]) -> float:
    return float(values.min()) if values.size else math.nan
