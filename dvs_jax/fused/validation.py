"""Evaluates a network in training on held-out clips."""

from collections.abc import Sequence

import numpy as np
from flax import nnx
from jaxtyping import UInt8
from matplotlib import image
from ml_collections import ConfigDict

from dvs_jax import metrics, plots, quaternion, smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.fused import features, inference, loader, reach
from dvs_jax.fused.loader import Share
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.record import Record, gyro_path
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.sensors.integration import with_pre_roll
from dvs_jax.whole_file import scratch

CLIPS = 16
"""The most held-out clips that are evaluated of each dataset."""


def records(config: ConfigDict) -> list[Record]:
    """Return the first clips of the datasets' test splits, with flow if the network reads it.

    Raises:
        InputError: a dataset has no test split, or is damaged.
    """
    found = []
    for folder, weight in config.data.folders:
        share = Share(folder, weight, "test")
        found += loader.first_records(share, CLIPS, with_flow=config.model.flow)
    return found


class HeldOut:
    """Held-out clips on which a network is evaluated.

    Args:
        graph: the network without its weights.
        clips: one or more records of a test split.
    """

    def __init__(self, graph: nnx.GraphDef[FusedNetwork], clips: Sequence[Record]) -> None:
        self._graph = graph
        self._clips = clips

    def measure(self, params: nnx.State) -> dict[str, float]:
        """Return means over the clips, of paths predicted at strength 1.

        Returns:
            "jitter" in degrees and "jerk" in degrees/s³ of the output's visible orientation (see
            `metrics.rotation_jitter`, `metrics.angular_jerk`), "worst_crop", the share of the frame
            that the worst frame needs cropped at each side, "uncovered", the share of frames that
            need more than `reach.MARGIN`, and "restlessness", to be minimised: the geometric mean
            of jitter and jerk over the clips, times 1 + the worst crop's excess over the margin, in
            units of the margin.
        """
        network = nnx.merge(self._graph, params)
        network.eval()
        rows = []
        for clip, path in zip(self._clips, self._predict(network), strict=True):
            rows.append(_measures(clip, path))
        jitter, jerk, crop, uncovered = np.array(rows).T
        excess = np.maximum(crop / reach.MARGIN - 1.0, 0.0).mean()
        still = np.exp(np.log(np.maximum(jitter, 1e-4) * np.maximum(jerk, 1e-1)).mean() / 2)
        return {
            "jitter": float(jitter.mean()),
            "jerk": float(jerk.mean()),
            "worst_crop": float(crop.mean()),
            "uncovered": float(uncovered.mean()),
            "restlessness": float(still * (1.0 + excess)),
        }

    def picture(self, params: nnx.State) -> UInt8[np.ndarray, "height width 3"]:
        """Return a plot of the first clip's real and virtual path, RGB."""
        network = nnx.merge(self._graph, params)
        network.eval()
        (path,) = self._predict(network, self._clips[:1])
        with scratch() as folder:
            file = folder / "path.png"
            plots.plot_path(file, _real_path(self._clips[0]), path, None, self._clips[0].name)
            return np.asarray(image.imread(str(file))[..., :3] * 255).astype(np.uint8)

    def _predict(
        self, network: FusedNetwork, clips: Sequence[Record] | None = None
    ) -> list[CameraPath]:
        clips = self._clips if clips is None else clips
        steps = [_steps(network, clip) for clip in clips]
        return inference.predict(network, steps, [clip.time_ns for clip in clips])


def _steps(network: FusedNetwork, clip: Record) -> StepFeatures:
    seen = network.architecture
    steps = features.poses_seen(seen, with_pre_roll(gyro_path(clip)), clip.time_ns)
    if network.encoder is None:
        return steps
    flow = features.as_read(loader.smaller_flow(clip.flow, seen.flow_size), clip.lens_shift, seen)
    return steps._replace(flow=features.encode_pairs(network.encoder, flow, clip.focal))


def _measures(clip: Record, path: CameraPath) -> tuple[float, float, float, float]:
    real = _real_path(clip)
    # Frames are warped from the measured poses, whose error remains in the output.
    error = quaternion.multiply(quaternion.conjugate(real.quaternion), clip.true_pose)
    seen = CameraPath(path.time_ns, quaternion.multiply(path.quaternion, error))
    width, height = (int(side) for side in clip.size)
    across, down = (float(length) for length in clip.focal)
    camera = Camera(focal_length=(across, down * height / width))
    exposure = smoothing.global_shutter(camera, (width, height), real)
    crop = (1.0 - smoothing.kept_fraction(exposure, path.quaternion)) / 2.0
    return (
        metrics.rotation_jitter(seen),
        metrics.angular_jerk(seen),
        float(crop.max()),
        float((crop > reach.MARGIN + 1e-6).mean()),
    )


def _real_path(clip: Record) -> CameraPath:
    measured = pose_at(with_pre_roll(gyro_path(clip)), clip.time_ns, "hold")
    return CameraPath(clip.time_ns, measured)
