"""What is wanted of every clip that the devices work on."""

from dataclasses import dataclass

import jax

from dvs_jax.flow import Estimator
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.stabilization.pipeline import Method
from dvs_jax.video import encoders
from dvs_jax.warping.host import Border

LANES_PER_DEVICE = 4
"""Clips that a device works on at a time: several decoders and encoders keep it busy."""


@dataclass(frozen=True)
class Options:
    """What is wanted of every clip; see `stabilization.stabilize`.

    Attributes:
        method: how paths and crops are found.
        uncropped: whether the second video is wanted; the metrics need it.
        border: what fills uncovered pixels.
        crf: of the encoder.
        preset: of the encoder.
        encoder: which kind.
        measure: whether to compute the metrics.
        lanes_per_device: how many clips a device works on at a time.
    """

    method: Method
    uncropped: bool
    border: Border
    crf: float
    preset: str
    encoder: encoders.Kind
    measure: bool
    lanes_per_device: int = LANES_PER_DEVICE

    def lanes_for(self, clips: int) -> int:
        """Return how many lanes a device has for so many clips: no more than it takes."""
        return min(self.lanes_per_device, -(-clips // jax.local_device_count()))

    @property
    def raft(self) -> RaftEstimator | None:
        """What makes flow, if the network reads any."""
        estimator = self.method.flow_estimator
        if self.method.reads_flow and isinstance(estimator, RaftEstimator):
            return estimator
        return None


def devices_suit(network: FusedNetwork | None, estimator: Estimator | None) -> bool:
    """Return whether devices take the work rather than the host.

    A CPU draws quicker through OpenCV; flow, if any is read, has to be RAFT's.
    """
    reads_flow = network is not None and network.encoder is not None
    is_made_there = not reads_flow or isinstance(estimator, RaftEstimator)
    return jax.default_backend() != "cpu" and is_made_there
