"""A fused network run on many clips at a time on devices."""

from collections.abc import Hashable, Iterable, Iterator

import numpy as np
from jaxtyping import Int

from dvs_jax import camera as cameras
from dvs_jax import clip as clips
from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused import clip_flow, features, prediction, strength
from dvs_jax.fused.follow_task import FollowTask, Image
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.on_devices import Followed, Follower
from dvs_jax.fused.strength import Strength
from dvs_jax.methods import Frame, frames_along
from dvs_jax.methods.covered_path import in_portions
from dvs_jax.sensors.integration import with_pre_roll


class FusedDeviceWork(Follower):
    """The work on devices for a network, with RAFT where it reads flow."""

    def __init__(
        self,
        network: FusedNetwork,
        estimator: RaftEstimator | None,
        look_ahead_s: float,
        horizon_lock: bool = False,
        wanted_strength: float | None = None,
    ):
        """Split the network into its structure and its weights.

        Args:
            network: in inference mode.
            estimator: computes its flow; None for a network without.
            look_ahead_s: look-ahead of the limiter that keeps the path within the crop.
            horizon_lock: whether the horizon is kept level.
            wanted_strength: see `FusedMethod.strength`.
        """
        super().__init__(network, estimator)
        self.network, self._horizon_lock = network, horizon_lock
        self._wanted_strength = wanted_strength
        self._raft, self._look_ahead_s = estimator, look_ahead_s

    def kind(self, clip: Clip) -> Hashable:
        """Return the frames' size, for a network that reads flow; otherwise a constant."""
        return clip.size if self._raft else None

    def task(self, clip: Clip, crop: float) -> "_ClipTask | None":
        """Return a clip's task; None for what the host does: flow from files or through a lens."""
        through_lens = clips.recorded(clip).camera.lens is not None
        if self._raft is not None and (through_lens or clip_flow.stored_flow(clip) is not None):
            return None
        images = None if self._raft is None else _small_images(clip, self._raft)
        return _ClipTask(self, clip, crop, images)

    def strength_for(self, clip: Clip, crop: float) -> Strength:
        """Return how strongly a clip is smoothed; see `strength.for_crop`."""
        return strength.for_crop(self.network, clip, crop, self._wanted_strength)

    def frames(
        self, clip: Clip, crop: float, followed: Followed, deviation_s: float
    ) -> Iterator[Frame]:
        """Yield each frame's grid for the network's poses, smoothed over `deviation_s` seconds."""
        real = clips.real_path(clip)
        wanted = calm_paths(real.time_ns, followed, deviation_s)
        levels = in_portions([real, *wanted])
        return frames_along(clip, levels, crop, self._look_ahead_s, self._horizon_lock)


def calm_paths(
    time_ns: Int[np.ndarray, "frame"], followed: Followed, deviation_s: float
) -> list[CameraPath]:
    """Return the wanted paths of `streaming.predicted_levels`, for a whole clip."""
    pose, steady, corrects = (quaternion.normalize(each.astype(np.float64)) for each in followed)
    if not deviation_s:
        return [CameraPath(time_ns, pose)]
    levels = strength.calm_levels(CameraPath(time_ns, steady), deviation_s)
    return [strength.corrected(each, corrects) for each in levels]


class _ClipTask(FollowTask):
    def __init__(
        self, work: FusedDeviceWork, clip: Clip, crop: float, images: Iterable[Image] | None
    ):
        self._work, self._clip, self._crop = work, clip, crop
        log, wanted = clips.recorded(clip), work.architecture
        self._chosen = work.strength_for(clip, crop)
        time_ns = clips.center_time_ns(clip)
        prediction.tell_of_missing_look_ahead(clip, time_ns, wanted.look_ahead_ns)
        super().__init__(
            features.poses_seen(wanted, with_pre_roll(log.gyro), time_ns, self._chosen.network),
            clips.lens_shift(clip),
            cameras.relative_focal_length(log.camera, clip.size),
            images,
        )

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed."""
        deviation_s = self._chosen.deviation_s
        return self._work.frames(self._clip, self._crop, self.followed, deviation_s)


def _small_images(clip: Clip, estimator: RaftEstimator) -> Iterator[Image]:
    return map(clip_flow.shrinking(clip, estimator), clips.read_pictures(clip))
