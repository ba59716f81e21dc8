"""Virtual paths on the device against the processor's, in one go and stretch by stretch."""

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax import quaternion
from dvs_jax.benchmarks.accelerator import random_raft
from dvs_jax.benchmarks.flow import moving_texture
from dvs_jax.camera_path import CameraPath
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused import features, inference
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.follow_task import FollowTask
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.on_devices import Follower
from dvs_jax.stabilization.devices.lanes import Program, drive

pytestmark = pytest.mark.accelerator

SMALL_HEIGHT, SMALL_WIDTH = 64, 96
FOCAL = np.array([0.8, 1.4], np.float32)
LENGTHS = (11, 19)


def calm(architecture: Architecture) -> FusedNetwork:
    """A network that turns the camera little, so that rounding errors do not grow."""
    network = FusedNetwork(architecture, nnx.Rngs(1))
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = 0.1 * last.kernel[...]
    last.bias[...] = np.array([0.0, 0.0, 0.0, 1.0], np.float32)
    network.eval()
    return network


def poses(frames: int, architecture: Architecture):
    """Features and times of a camera that shakes."""
    time_ns = (np.arange(frames) * 1e9 / 30).astype(np.int64)
    gyro_ns = np.arange(-100, frames * 7 + 200, dtype=np.int64) * 5_000_000
    turns = np.random.default_rng(frames).normal(0.0, 0.003, (len(gyro_ns), 3))
    gyro = CameraPath(gyro_ns, quaternion.from_rotation_vector(np.cumsum(turns, axis=0)))
    return features.poses_seen(architecture, gyro, time_ns), time_ns


@pytest.mark.slow
@pytest.mark.parametrize("official", [False, True])
def test_whole_clips(official, cpu, agree):
    architecture = Architecture(flow=False, lstm=(128, 128), official=official)
    seen, times = zip(*(poses(frames, architecture) for frames in (301, 120)), strict=True)
    found = inference.predict(calm(architecture), seen, times)
    with jax.default_device(cpu):
        wanted = inference.predict(calm(architecture), seen, times)
    name = "official network" if official else "network"
    for one, other in zip(found, wanted, strict=True):
        frames = len(one.quaternion)
        agree(f"{name}, {frames} frames", one.quaternion, other.quaternion, 5e-5, "rad / 2")


def followed(architecture: Architecture, device: jax.Device | None) -> list[np.ndarray]:
    """Paths of clips of two lengths by flow and network, one compilation for both."""
    with jax.default_device(device):
        estimator = RaftEstimator("random", random_raft(), iterations=2)
        follower = Follower(calm(architecture), estimator)
    devices = None if device is None else [device]
    program = Program(follower, follower.begin, follower.weights, 2, devices)
    # The second time nothing goes to the device but what the driver puts there.
    for allowed in ("allow", "disallow"):
        tasks = []
        for frames in LENGTHS:
            seen, _ = poses(frames, architecture)
            pictures = moving_texture(frames, SMALL_HEIGHT, SMALL_WIDTH)
            tasks.append(FollowTask(seen, np.zeros((frames, 2)), FOCAL, pictures))
        with jax.transfer_guard_host_to_device(allowed):
            assert [each.error for each in drive(program, tasks)] == [None] * len(tasks)
    assert program.compiled._cache_size() == 1
    return [quaternion.normalize(task.followed.pose.astype(np.float64)) for task in tasks]


@pytest.mark.slow
def test_flow_and_network_in_stretches(cpu, agree):
    architecture = Architecture(lstm=(32,), fusion=16, flow_size=(30, 17))
    with jax.default_matmul_precision("highest"):
        found = followed(architecture, None)
    for one, other in zip(found, followed(architecture, cpu), strict=True):
        agree(f"flow and network in stretches, {len(one)} frames", one, other, 5e-4, "rad / 2")
