"""How fast it runs on the machine at hand: measured in one run, medians, ratios."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from flax import nnx
from jaxtyping import Int

from dvs_jax import quaternion
from dvs_jax.flow import Estimator, FlowPair
from dvs_jax.flow.end_point_error import EndPointErrorReport, compare
from dvs_jax.fused import inference
from dvs_jax.fused.architecture import FLOW_FEATURES, REAL_POSES_EACH_SIDE, Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.synthetic import SyntheticClip, flow_between, record, render_frame
from dvs_jax.timing import median_seconds

CLIP_SECONDS = 60
FRAME_RATE = 30
BATCH = 64
RUNS = 5


@dataclass(frozen=True)
class TrajectoryTiming:
    """Seconds the network takes for whole clips, after compilation.

    Attributes:
        one_clip_s: median for one clip of 60 s at 30 frames/s, features given.
        batch_s: median for 64 such clips in one batch.
    """

    one_clip_s: float
    batch_s: float

    @property
    def batch_gain(self) -> float:
        """How many times the throughput of one clip after the other the batch reaches."""
        return BATCH * self.one_clip_s / self.batch_s


def time_trajectory() -> TrajectoryTiming:
    """Time the rollout of the paper's network, flow features given."""
    network = FusedNetwork(Architecture(), nnx.Rngs(0))
    network.eval()
    time_ns = (np.arange(CLIP_SECONDS * FRAME_RATE) * 1e9 / FRAME_RATE).astype(np.int64)
    clips = [_random_clip(time_ns, seed) for seed in range(BATCH)]
    return TrajectoryTiming(
        median_seconds(lambda: inference.predict(network, clips[:1], [time_ns]), RUNS),
        median_seconds(lambda: inference.predict(network, clips, [time_ns] * BATCH), RUNS),
    )


def measure_flow_accuracy(estimators: Iterable[Estimator]) -> dict[str, EndPointErrorReport]:
    """Hold estimators against the exact flow of `hard_walk`, where it is visible in both frames."""
    return compare(estimators, **hard_walk())


def hard_walk() -> dict[str, Any]:
    """Return frames of a walk at 1080p, a tenth of a second apart, and their exact flow.

    They move by up to 33 px at the working size of 270 × 480, through a rolling shutter, and near
    things hide a tenth of the picture: the arguments `frames`, `truths` and `valid` of
    `end_point_error.compare`.
    """
    recording = record(SyntheticClip(motion="walking", size=(1920, 1080), duration_s=1.0, seed=3))
    numbers = (10, 13, 16)
    truths, valid = [], []
    for earlier, later in pairwise(numbers):
        ways = [flow_between(recording, *way) for way in ((earlier, later), (later, earlier))]
        truths.append(FlowPair(*(flow for flow, _ in ways)))
        valid.append(tuple(seen for _, seen in ways))
    frames = [render_frame(recording, number) for number in numbers]
    return {"frames": frames, "truths": truths, "valid": valid}


def _random_clip(time_ns: Int[np.ndarray, "frame"], seed: int) -> StepFeatures:
    rng = np.random.default_rng(seed)
    steps, window = len(time_ns) - 1, 2 * REAL_POSES_EACH_SIDE + 1
    vector = rng.normal(0.0, 0.02, (steps, window, 3))
    real = quaternion.from_rotation_vector(vector).astype(np.float32)
    flow = rng.uniform(0.0, 1.0, (steps, FLOW_FEATURES)).astype(np.float32)
    interval_s = (np.diff(time_ns) * 1e-9).astype(np.float32)
    anchor, strength = real[:, REAL_POSES_EACH_SIDE - 1], np.ones_like(interval_s)
    no_turns = np.zeros((steps, 0, 3), np.float32)
    return StepFeatures(real, anchor, interval_s, flow, strength, no_turns)
