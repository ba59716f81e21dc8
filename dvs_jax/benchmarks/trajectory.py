"""Speed of the paper's network on one long clip, and on many in one batch."""

import numpy as np
from flax import nnx
from jaxtyping import Int

from dvs_jax import quaternion
from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.fused import inference
from dvs_jax.fused.architecture import FLOW_FEATURES, REAL_POSES_EACH_SIDE, Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.timing import median_seconds

CLIP_SECONDS = 60
FRAME_RATE = 30
BATCH = 64
RUNS = 5

_COLUMNS = (Column("clips"), Column("seconds", ".2f"), Column("clips/s", ".2f"))


def measure() -> Report:
    """Time the rollout of the paper's network after compilation, without the flow encoder."""
    network = FusedNetwork(Architecture(), nnx.Rngs(0))
    network.eval()
    time_ns = (np.arange(CLIP_SECONDS * FRAME_RATE) * 1e9 / FRAME_RATE).astype(np.int64)
    clips = [_random_clip(time_ns, seed) for seed in range(BATCH)]
    one_s = median_seconds(lambda: inference.predict(network, clips[:1], [time_ns]), RUNS)
    batch_s = median_seconds(lambda: inference.predict(network, clips, [time_ns] * BATCH), RUNS)
    return report_of(one_s, batch_s)


def report_of(one_clip_s: float, batch_s: float) -> Report:
    """Return the report of the seconds for one clip and for a batch."""
    title = f"trajectory of {CLIP_SECONDS} s at {FRAME_RATE} frames/s"
    rows = (
        ("one clip", one_clip_s, 1 / one_clip_s),
        (f"batch of {BATCH}", batch_s, BATCH / batch_s),
    )
    gain = BATCH * one_clip_s / batch_s
    return Report(
        "trajectory",
        (Table(title, _COLUMNS, rows, drawn=("clips/s",)),),
        {"throughput of the batch against one by one": gain},
    )


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
