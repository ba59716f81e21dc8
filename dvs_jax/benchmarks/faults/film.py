"""A rendered clip, and its footage with erroneous sensor logs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float16, UInt8

from dvs_jax import flow, metrics, sensors, synthetic
from dvs_jax.benchmarks.faults.residual_motion import picture_path
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.clip import Clip
from dvs_jax.evaluation import Footage, Motion
from dvs_jax.flow import Estimator
from dvs_jax.fused import clip_flow, features
from dvs_jax.fused.architecture import Architecture
from dvs_jax.methods.along_path import shown_by
from dvs_jax.sensors import SensorLog
from dvs_jax.smoothing import Exposure
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.warping import host as warp

FULL_HD = (1920, 1080)
"""Width and height of the clip that the small one represents: flow is computed as for it."""

Frame = UInt8[np.ndarray, "height width 3"]
Flow = Float16[np.ndarray, "pair rows columns 4"]
Pair = Float[np.ndarray, "rows columns 4"]


class Film:
    """The frames of a clip, rendered once, and their flow, computed once.

    Attributes:
        clip: with perfect logs.
    """

    def __init__(self, clip: SyntheticClip, estimator: Estimator):
        """Take a clip and an estimator for the flow of its frames."""
        self.clip, self._estimator = clip, estimator
        self._flow: dict[Architecture, Flow] = {}

    @cached_property
    def frames(self) -> list[Frame]:
        """The frames, RGB."""
        recording = synthetic.record(self.clip)
        return [synthetic.render_frame(recording, i) for i in range(self.clip.frame_count)]

    @cached_property
    def picture_jitter_deg(self) -> float:
        """The jitter of the unstabilised frames, measured in the pictures."""
        time_ns = synthetic.aligned_true_path(self.clip).time_ns
        return metrics.rotation_jitter(picture_path(self.frames, time_ns, Camera()))

    def flow(self, wanted: Architecture) -> Flow:
        """Return the flow in a network's size and units, lens shifts included."""
        if wanted not in self._flow:
            size = clip_flow.working_size(FULL_HD, self._estimator)[::-1]
            pairs = flow.estimate(self.frames, self._estimator, size=size)
            normal = (features.normalize_flow(*pair, wanted) for pair in pairs)
            self._flow[wanted] = np.stack([each.astype(np.float16) for each in normal])
        return self._flow[wanted]

    def flow_without_lens(self, wanted: Architecture, ois_log: bool) -> Iterator[Pair]:
        """Return the flow without the lens shifts that the OIS log holds, if there is one."""
        shift = synthetic.lens_shift(self.clip) * float(ois_log and not wanted.official)
        moved = np.diff(shift, axis=0).astype(np.float32)
        for pair, lens in zip(self.flow(wanted), moved, strict=True):
            yield pair.astype(np.float32) - np.concatenate([lens, -lens])


@dataclass(frozen=True)
class Take:
    """A film with sensor logs, right or wrong.

    Attributes:
        film: the frames.
        log: the sensor logs.
        footage: the input of a method; its `true` path is independent of the logs.
    """

    film: Film
    log: SensorLog
    footage: Footage

    @property
    def shown(self) -> CameraPath:
        """The camera path that the unstabilised frames really show, lens shifts included."""
        return synthetic.shown_path(self.film.clip)


def take(film: Film, name: str, spoiled: SyntheticClip) -> Take:
    """Return the film with the logs of a clip that differs only in the logs' faults."""
    log = synthetic.sensor_log(spoiled)
    # Warping removes the lens shift where it is logged.
    seen = synthetic.aligned_true_path if spoiled.ois_log else synthetic.shown_path
    true = seen(film.clip)
    footage = Footage(
        name=name,
        motion=Motion(
            log.gyro,
            CameraPath(true.time_ns, pose_at(log.gyro, true.time_ns, "hold")),
            Exposure(log.camera, spoiled.size, *sensors.row_poses(log)),
        ),
        true=true.quaternion,
        flow=lambda wanted: film.flow_without_lens(wanted, spoiled.ois_log),
        clip=None,
    )
    return Take(film, log, footage)


def draw(each: Take, virtual: CameraPath, kept: float) -> Iterator[Frame]:
    """Warp frames to a virtual path as `stabilize` does, by the logs, right or wrong.

    Args:
        each: the frames and their logs.
        virtual: a pose a frame.
        kept: the central fraction of the width and of the height that is shown.
    """
    clip = Clip.from_arrays(each.film.frames, each.log.frames.time_ns, each.log)
    for image, frame in zip(each.film.frames, shown_by(clip, virtual.quaternion), strict=True):
        yield warp.warp_frame(image, frame.source, kept, "black")
