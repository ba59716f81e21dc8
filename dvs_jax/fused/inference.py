"""Runs the network on whole clips: a batch of clips of any lengths in one compiled rollout."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import rollout
from dvs_jax.fused.features import ring_size
from dvs_jax.fused.network import Core, FusedNetwork
from dvs_jax.fused.rollout import StepFeatures

SHORTEST_STEPS = 64
"""Clips are padded to at least this many steps; see `padded_length`."""


def predict(
    network: FusedNetwork,
    clips: Sequence[StepFeatures],
    times_ns: Sequence[Int[np.ndarray, "frame"]],
) -> list[CameraPath]:
    """Predict the virtual camera's path of each clip.

    Args:
        network: in inference mode.
        clips: each clip's features, float32 with a leading step axis (frames − 1 steps).
        times_ns: int64 centre times of each clip's frames.

    Returns:
        One path a clip with one pose a frame (see `rollout.path` for the first frame's).
    """
    length = padded_length(max(len(clip.interval_s) for clip in clips))
    batch = jax.tree.map(lambda *arrays: np.stack(arrays), *(pad(clip, length) for clip in clips))
    ring = max(ring_size(time_ns) for time_ns in times_ns)
    graph, state = nnx.split(network.core)
    pose = np.asarray(_rollout_batch(graph, ring, state, jax.tree.map(jnp.asarray, batch)))
    return [
        CameraPath(time_ns, quaternion.normalize(poses[: len(time_ns)].astype(np.float64)))
        for time_ns, poses in zip(times_ns, pose, strict=True)
    ]


def padded_length(steps: int) -> int:
    """Return the length to which a clip is padded: 64, 96, 128, 192, 256, 384 steps and so on.

    At most half as many steps again are wasted on padding, and clips of any length from one minute
    to ten need eight compilations.
    """
    power = 1 << (max(steps, SHORTEST_STEPS) - 1).bit_length()
    return power * 3 // 4 if SHORTEST_STEPS < steps <= power * 3 // 4 else power


def pad(clip: StepFeatures, length: int) -> StepFeatures:
    """Return the clip's features padded to `length` steps by repeating the last one.

    Steps after the end cannot change those before it, and repeated input keeps all values
    finite.
    """
    missing = length - len(clip.interval_s)
    return jax.tree.map(lambda array: np.pad(array, _after(array.ndim, missing), "edge"), clip)


def _after(axes: int, missing: int) -> list[tuple[int, int]]:
    return [(0, missing)] + [(0, 0)] * (axes - 1)


# By default accelerators multiply matrices with 10 bits or less; poses need more.
@partial(jax.jit, static_argnums=(0, 1))
@jax.default_matmul_precision("highest")
def _rollout_batch(
    graph: nnx.GraphDef[Core], ring: int, state: nnx.State, clips: StepFeatures
) -> Float[Array, "clip frame 4"]:
    core = nnx.merge(graph, state)
    return jax.vmap(lambda clip: rollout.path(core, ring, clip))(clips)
