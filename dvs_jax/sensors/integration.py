"""Integrates angular velocity to poses, in float64 and without a loop over samples."""

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath

PRE_ROLL_SAMPLES = 200

PRE_ROLL_NS = 500_000_000
"""The network sees poses up to 400 ms back; DVS's 200 samples are too few for fast gyros."""

BLOCK_SAMPLES = 1 << 16
"""Samples that are integrated at once, which bounds the memory needed beside the result."""


def integrate(
    time_ns: Int[np.ndarray, "sample"], velocity: Float[np.ndarray, "sample 3"]
) -> CameraPath:
    """Return the poses q_i = Δq_i ⊗ q_{i−1} with q_0 = identity and Δq_i from ω_i·(t_i − t_{i−1}).

    Args:
        time_ns: int64 nanoseconds, increasing.
        velocity: the pose's angular velocity about the camera's x, y, z in rad/s: the negative of
            the camera's own.
    """
    step_s = np.diff(time_ns, prepend=time_ns[:1])[:, None] / 1e9
    pose = np.empty((len(time_ns), 4))
    before = quaternion.identity()
    for start in range(0, len(time_ns), BLOCK_SAMPLES):
        block = slice(start, start + BLOCK_SAMPLES)
        turned = quaternion.accumulate(
            quaternion.from_rotation_vector(velocity[block] * step_s[block])
        )
        pose[block] = quaternion.multiply(turned, np.broadcast_to(before, turned.shape))
        before = quaternion.normalize(pose[block][-1])
    return CameraPath(time_ns, pose)


def with_pre_roll(path: CameraPath) -> CameraPath:
    """Put the path's beginning, mirrored in time and rotation, in front of it.

    Sample −1−i lies at t_0 − (t_{i+1} − t_0) and turns as far from q_0 as q_{i+1} does, the other
    way. There are 200 samples, more where those last less than 0.5 s, and fewer for shorter logs.

    This is extrapolation: input for networks at the start of a clip, never used to warp frames.
    """
    beyond = int(np.searchsorted(path.time_ns, path.time_ns[0] + PRE_ROLL_NS))
    count = min(max(PRE_ROLL_SAMPLES, beyond), len(path) - 1)
    since_start = path.time_ns[: count + 1] - path.time_ns[0]
    ahead = path.quaternion[count:0:-1]
    origin = np.broadcast_to(path.quaternion[0], ahead.shape)
    mirrored = quaternion.multiply(quaternion.multiply(origin, quaternion.conjugate(ahead)), origin)
    return CameraPath(
        np.concatenate([path.time_ns[0] - since_start[count:0:-1], path.time_ns]),
        np.concatenate([mirrored, path.quaternion]),
    )
