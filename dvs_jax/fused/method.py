"""A fused network as a stabilisation method."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dvs_jax.clip import Clip
from dvs_jax.flow import Estimator
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused import clip_flow, strength, weights
from dvs_jax.fused.device_work import FusedDeviceWork
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.streaming import predicted_levels
from dvs_jax.methods import Frame, Picture, frames_along
from dvs_jax.methods.covered_path import LIMIT_LOOK_AHEAD_S
from dvs_jax.methods.method import chosen_of, needs_of_sensors


@dataclass(frozen=True, eq=False)
class FusedMethod:
    """A network that predicts the virtual camera's path.

    Attributes:
        network: in inference mode.
        flow_estimator: computes flow, for a network that reads it, where there are no flow files: a
            name that `flow.create` knows, or what it returned. For networks of our own "auto" is a
            faster DIS on a CPU (see `clip_flow.estimator_for`).
        limit_look_ahead_s: look-ahead of the limiter, in seconds.
        horizon_lock: whether the horizon is kept level, by the accelerometer.
        strength: how strongly the network smooths, in place of what the clip tells (see
            `strength.for_crop`).
    """

    network: FusedNetwork
    flow_estimator: str | Estimator = "auto"
    limit_look_ahead_s: float = LIMIT_LOOK_AHEAD_S
    horizon_lock: bool = False
    strength: float | None = None

    @property
    def needs(self) -> frozenset[str]:
        """What the clip must have; see `Method.needs`."""
        return needs_of_sensors(self.horizon_lock)

    @property
    def reads_flow(self) -> bool:
        """Whether the path depends on the pictures, not on the sensors alone."""
        return self.network.encoder is not None

    @property
    def look_ahead_s(self) -> float:
        """Look-ahead in seconds; infinite for a network that reads the gyro log alone."""
        return self.limit_look_ahead_s if self.reads_flow else np.inf

    @cached_property
    def estimator(self) -> Estimator:
        """What makes flow."""
        if not isinstance(self.flow_estimator, str):
            return self.flow_estimator
        return clip_flow.estimator_for(self.flow_estimator, self.network.architecture.official)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame for the network's path; see `Method.frames`."""
        pairs = None
        if self.reads_flow:
            pairs = clip_flow.pairs_of(pictures, clip, self.estimator)
        chosen = strength.for_crop(self.network, clip, crop, self.strength)
        levels = predicted_levels(self.network, clip, chosen, pairs)
        return frames_along(clip, levels, crop, self.limit_look_ahead_s, self.horizon_lock)

    def device_work(self) -> FusedDeviceWork | None:
        """Return the work on many clips on devices; flow, if any is read, has to be RAFT's."""
        estimator = self.estimator if self.reads_flow else None
        if estimator is None or isinstance(estimator, RaftEstimator):
            path = self.limit_look_ahead_s, self.horizon_lock, self.strength
            return FusedDeviceWork(self.network, estimator, *path)
        return None

    def fingerprint(self) -> dict[str, str | float | bool | None]:
        """Return what tells this method from others, as JSON values."""
        flow = self.estimator.name if self.reads_flow else None
        told = {
            "model": weights.digest(self.network),
            "flow": flow,
            "limit_look_ahead_s": self.limit_look_ahead_s,
        }
        return told | chosen_of(self.horizon_lock, self.strength)
