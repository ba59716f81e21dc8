"""How fast it runs on the machine at hand: measured in one run, medians, ratios."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from flax import nnx
from jaxtyping import Int

from dvs_jax import quaternion
from dvs_jax.fused import inference
from dvs_jax.fused.architecture import FLOW_FEATURES, REAL_POSES_EACH_SIDE, Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.rollout import StepFeatures

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
        _median_seconds(lambda: inference.predict(network, clips[:1], [time_ns])),
        _median_seconds(lambda: inference.predict(network, clips, [time_ns] * BATCH)),
    )


def _random_clip(time_ns: Int[np.ndarray, "frame"], seed: int) -> StepFeatures:
    rng = np.random.default_rng(seed)
    steps, window = len(time_ns) - 1, 2 * REAL_POSES_EACH_SIDE + 1
    vector = rng.normal(0.0, 0.02, (steps, window, 3))
    real = quaternion.from_rotation_vector(vector).astype(np.float32)
    flow = rng.uniform(0.0, 1.0, (steps, FLOW_FEATURES)).astype(np.float32)
    interval_s = (np.diff(time_ns) * 1e-9).astype(np.float32)
    return StepFeatures(real, real[:, REAL_POSES_EACH_SIDE - 1], interval_s, flow)


def _median_seconds(run: Callable[[], object]) -> float:
    run()
    return median(_seconds(run) for _ in range(RUNS))


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
