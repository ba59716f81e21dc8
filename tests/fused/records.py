"""Records for tests."""

import numpy as np

from dvs_jax import quaternion, synthetic
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
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


def biased_record(flow_size: tuple[int, int], frames: int = 60) -> Record:
    """Return a walk whose gyro errs by 3°/s, which its flow shows: noisy, someone in a corner."""
    clip = synthetic.SyntheticClip("walking", "distant", frames / 30, seed=3)
    path = synthetic.true_path(synthetic.record(clip))
    time_s = (path.time_ns - path.time_ns[0]) * 1e-9
    error = quaternion.from_rotation_vector(np.radians(3.0) * time_s[:, None] * [0.6, 0.8, 0.0])
    measured = CameraPath(path.time_ns, quaternion.multiply(error, path.quaternion))
    true = pose_at(path, path.time_ns, "hold")
    turns = quaternion.multiply(true[1:], quaternion.conjugate(true[:-1]))
    width, height = clip.size
    across, down = Camera().focal_length
    focal = across, down * width / height
    vectors = quaternion.to_rotation_vector(turns)
    flow = np.stack([flow_of(each, focal, flow_size) for each in vectors])
    flow += np.random.default_rng(0).normal(0.0, 1e-3, flow.shape)
    flow[:, :3, :4] += np.array([0.01, 0.0, -0.01, 0.0])
    view = Camera(), clip.size, flow.astype(np.float16)
    return record.record_of_path("biased", measured, path.time_ns, *view, true)


def flow_of(turn: np.ndarray, focal: tuple[float, float], size: tuple[int, int]) -> np.ndarray:
    """Return the exact flow, there and back, of a far scene while the pose turns."""
    width, height = size
    x = ((np.arange(width) + 0.5) / width - 0.5) / focal[0]
    y = ((np.arange(height) + 0.5) / height - 0.5) / focal[1]
    ray = np.stack([*np.meshgrid(x, y), np.ones((height, width))], axis=-1)
    ways = []
    for way in (turn, -turn):
        turned = ray @ quaternion.to_matrix(quaternion.from_rotation_vector(way)).T
        ways.append((turned[..., :2] / turned[..., 2:] - ray[..., :2]) * focal)
    return np.concatenate(ways, axis=-1).astype(np.float32)
