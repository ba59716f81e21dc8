"""Records for tests."""

import numpy as np

from dvs_jax import synthetic
from dvs_jax.camera import Camera
from dvs_jax.fused import record
from dvs_jax.fused.record import Record


def walking_record(flow_size: tuple[int, int], frames: int = 60) -> Record:
    """Return a walk whose flow is different numbers, all below 0.1."""
    clip = synthetic.SyntheticClip("walking", "distant", frames / 30, seed=3)
    path = synthetic.true_path(synthetic.record(clip))
    width, height = flow_size
    shape = (len(path) - 1, height, width, 4)
    flow = np.arange(np.prod(shape)).reshape(shape) % 97 / 970
    return record.record_of_path(
        "walk", path, path.time_ns, Camera(), clip.size, flow.astype(np.float16)
    )
