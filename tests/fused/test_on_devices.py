"""Many clips through flow and network on the devices, against each alone on the host."""

import cv2
import jax
import numpy as np
import pytest

from dvs_jax import flow, quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused import features, inference
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.follow_task import FollowTask
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.on_devices import Follower, resize
from dvs_jax.stabilization.devices.lanes import Program, drive
from tests.flow.weights import untrained_small
from tests.fused.networks import calm

SIZE = (64, 96)  # height and width
FOCAL = np.array([0.8, 1.4], np.float32)


def clip(frames: int, seed: int, architecture: Architecture):
    """Features, times, pictures and lens shifts of a clip whose camera shakes."""
    rng = np.random.default_rng(seed)
    time_ns = (np.arange(frames) * 1e9 / 30).astype(np.int64)
    gyro_ns = np.arange(-100, frames * 7 + 200, dtype=np.int64) * 5_000_000
    angle = np.cumsum(rng.normal(0.0, 0.003, (len(gyro_ns), 3)), axis=0)
    path = CameraPath(gyro_ns, quaternion.from_rotation_vector(angle))
    poses = features.pose_features(
        path, time_ns, architecture.official, fusion=bool(architecture.fusion)
    )
    world = cv2.GaussianBlur(rng.integers(0, 255, (200, 400, 3), np.uint8), (0, 0), 2)
    corner = 40 + np.cumsum(rng.integers(-2, 3, (frames, 2)), axis=0) % 60
    pictures = [world[y : y + SIZE[0], x : x + SIZE[1]].copy() for y, x in corner]
    pictures[3] = pictures[2]
    return poses, time_ns, pictures, rng.normal(0.0, 0.002, (frames, 2))


def followed(network: FusedNetwork, estimator: RaftEstimator | None, clips):
    follower = Follower(network, estimator)
    program = Program(follower, follower.begin, follower.weights, lanes_per_device=2)
    # What the second time goes to the device is what the driver puts there, and nothing else.
    for allowed in ("allow", "disallow"):
        tasks = [
            FollowTask(poses, lens, FOCAL, pictures if estimator else None)
            for poses, _, pictures, lens in clips
        ]
        with jax.transfer_guard_host_to_device(allowed):
            assert [each.error for each in drive(program, tasks)] == [None] * len(tasks)
    assert program.compiled._cache_size() == 1
    return [quaternion.normalize(task.followed.pose.astype(np.float64)) for task in tasks]


@pytest.mark.slow
@pytest.mark.parametrize("official", [False, True])
def test_paths_without_flow_are_those_of_whole_clips(official):
    architecture = Architecture(flow=False, lstm=(16, 16), official=official)
    network = calm(architecture)
    clips = [clip(length, seed, architecture) for seed, length in enumerate((33, 8, 65, 17))]
    for found, (poses, time_ns, *_) in zip(followed(network, None, clips), clips, strict=True):
        (alone,) = inference.predict(network, [poses], [time_ns])
        np.testing.assert_allclose(found, alone.quaternion, atol=1e-5)


OURS = Architecture(lstm=(8,), fusion=8, flow_size=(30, 17))


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture", [OURS, Architecture(lstm=(8,), official=True)], ids=["ours", "official"]
)
def test_paths_with_flow_are_those_of_the_host(architecture):
    network = calm(architecture)
    estimator = RaftEstimator("small", untrained_small(), iterations=2)
    clips = [clip(length, seed, architecture) for seed, length in enumerate((11, 19))]
    for found, (poses, time_ns, pictures, lens) in zip(
        followed(network, estimator, clips), clips, strict=True
    ):
        pairs = flow.estimate(pictures, estimator, size=SIZE)
        shares = np.stack(
            [
                features.normalize_flow(*pair, Architecture(flow_size=architecture.flow_size))
                for pair in pairs
            ]
        )
        read = np.asarray(features.as_read(shares, lens, architecture))
        encoded = features.encode_pairs(network.encoder, read, FOCAL)
        (alone,) = inference.predict(network, [poses._replace(flow=encoded)], [time_ns])
        np.testing.assert_allclose(found, alone.quaternion, atol=2e-4)


@pytest.mark.parametrize("size", [(17, 30), (20, 48), (64, 96), (90, 120)], ids=str)
def test_resizing_is_opencvs(size):
    image = np.random.default_rng(0).normal(size=(*SIZE, 4)).astype(np.float32)
    kind = cv2.INTER_AREA if size[1] < SIZE[1] else cv2.INTER_LINEAR
    wanted = cv2.resize(image, size[::-1], interpolation=kind)
    np.testing.assert_allclose(
        jax.jit(resize, static_argnums=1)(image[None], size)[0], wanted, atol=1e-4
    )
