"""A clip or a training record as the evaluation needs it: to find a path and to score it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from jaxtyping import Float, Float16

from dvs_jax import clip as clips
from dvs_jax import quaternion, smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.flow import Estimator
from dvs_jax.fused import clip_flow, features, prediction
from dvs_jax.fused import record as records
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.record import Record
from dvs_jax.methods.covered_path import exposure_of
from dvs_jax.smoothing import Exposure, coverage

Flow = Iterable[Float[np.ndarray, "rows columns 4"]]
"""Each pair's flow as the flow encoder's input (see `features.normalize_flow`)."""

RecordFlow = Float16[np.ndarray, "pair height width 4"]
"""A record's flow (see `Record.flow`)."""


@dataclass(frozen=True)
class Motion:
    """How a camera moved, by its sensors.

    Attributes:
        gyro: its path from the gyro log, without pre-roll.
        real: the pose at each frame's centre time, by which frames are warped.
        exposure: its poses while the frames' rows were exposed.
    """

    gyro: CameraPath
    real: CameraPath
    exposure: Exposure


@dataclass(frozen=True)
class Footage:
    """One clip or record.

    Attributes:
        name: its name in tables.
        motion: how the camera moved, by its sensors; None of a clip without sensors.
        true: float64 [frame, 4], [x, y, z, w], world to camera, the true pose at each frame's
            centre time where it is known and the measured one may err; else None.
        flow: computes the flow for a network; None where there is neither flow nor a video.
        clip: the clip with its video, or None.
    """

    name: str
    motion: Motion | None
    true: Float[np.ndarray, "frame 4"] | None
    flow: Callable[[Architecture], Flow] | None
    clip: Clip | None

    @property
    def gyro(self) -> CameraPath:
        """See `Motion.gyro`."""
        return self._measured.gyro

    @property
    def real(self) -> CameraPath:
        """See `Motion.real`."""
        return self._measured.real

    @property
    def exposure(self) -> Exposure:
        """See `Motion.exposure`."""
        return self._measured.exposure

    @property
    def _measured(self) -> Motion:
        if self.motion is None:
            raise InputError(f"{self.name}: has no gyro, which a camera path comes from")
        return self.motion

    @cached_property
    def _border_rays(self) -> Float[np.ndarray, "frame border 3"]:
        return coverage.border_rays(self.exposure)

    def kept(self, path: CameraPath) -> Float[np.ndarray, "frame"]:
        """Return the fraction of the output that each frame covers, `smoothing.kept_fraction`."""
        return coverage.kept_fraction_of_rays(self.exposure, self._border_rays, path.quaternion)

    def seen(self, path: CameraPath) -> CameraPath:
        """Return the camera path that the output of a virtual path really shows.

        The output is warped by the measured poses, so their errors remain in it.
        """
        if self.true is None:
            return path
        error = quaternion.multiply(quaternion.conjugate(self.real.quaternion), self.true)
        return CameraPath(path.time_ns, quaternion.multiply(path.quaternion, error))


def of_clip(clip: Clip, flow_estimator: str | Estimator = "auto") -> Footage:
    """Return a clip's footage; flow is read from its files, or computed by the estimator."""

    def flow(wanted: Architecture) -> Flow:
        return prediction.normal_flow(clip_flow.flow_pairs(clip, flow_estimator), clip, wanted)

    motion = None
    if clip.sensors is not None:
        motion = Motion(clip.sensors.gyro, clips.real_path(clip), exposure_of(clip))
    return Footage(clip.name, motion, true=None, flow=flow, clip=clip)


def of_record(record: Record, read_flow: Callable[[], RecordFlow] | None = None) -> Footage:
    """Return a record's footage: a global shutter, and no picture.

    Args:
        record: of a dataset.
        read_flow: reads the record's flow when it is needed, since that of many records would fill
            the memory; by default the record's own array is kept.
    """
    gyro = records.gyro_path(record)
    real = CameraPath(record.time_ns, pose_at(gyro, record.time_ns, "hold"))
    width, height = (int(side) for side in record.size)
    across, down = (float(focal) for focal in record.focal)
    camera = Camera(focal_length=(across, down * height / width), readout_time_s=0.0)
    has_flow = record.flow.shape[1] > 0
    flow_of_record = read_flow or partial(getattr, record, "flow")

    def flow(wanted: Architecture) -> Flow:
        moved = np.diff(record.lens_shift, axis=0)
        pairs = zip(flow_of_record(), moved, strict=True)
        return (_resized(pair, wanted, lens) for pair, lens in pairs)

    return Footage(
        name=record.name,
        motion=Motion(gyro, real, smoothing.global_shutter(camera, (width, height), real)),
        true=quaternion.normalize(record.true_pose.astype(np.float64)),
        flow=flow if has_flow else None,
        clip=None,
    )


def _resized(
    pair: Float[np.ndarray, "height width 4"],
    wanted: Architecture,
    lens_moved: Float[np.ndarray, "2"],
) -> Float[np.ndarray, "rows columns 4"]:
    height, width = pair.shape[:2]
    pixels = pair.astype(np.float32) * np.array([width, height] * 2, np.float32)
    return features.normalize_flow(pixels[..., :2], pixels[..., 2:], wanted, lens_moved)
