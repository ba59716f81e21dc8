"""The recorded clip and the recipe's weights, as the fused tests need them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import sensors, torch_file
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import convert, features
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.sensors.integration import with_pre_roll


@dataclass(frozen=True)
class RecordedClip:
    """The recorded clip's input, read from its logs and from its flow's recipe.

    The gyro's poses have the pre-roll in front, as networks see them.
    """

    gyro: CameraPath
    time_ns: np.ndarray
    flow: list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="session")
def calm_network() -> FusedNetwork:
    """A small network without flow that turns the camera by about 0.7° a step, smoothly.

    A freely drawn one turns it wildly, and each pose fed back multiplies rounding errors.
    """
    network = FusedNetwork(Architecture(flow=False, lstm=(16, 16)), nnx.Rngs(1))
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = 0.5 * last.kernel[...]
    last.bias[...] = jnp.asarray([0.0, 0.0, 0.0, 1.0])
    return network


@pytest.fixture(scope="session")
def official_network(golden: Path) -> FusedNetwork:
    file = golden / "dvs/random.checkpoint"
    return convert.from_official(torch_file.read(file), file)


@pytest.fixture(scope="session")
def recorded_clip(golden: Path) -> RecordedClip:
    log = sensors.load(golden / "dvs/clip/clip.mp4", np.arange(40, dtype=np.int64))
    numbers = np.load(golden / "dvs/geometry.npz")
    pairs = zip(numbers["H_forward"], numbers["H_backward"], strict=True)
    return RecordedClip(
        with_pre_roll(log.gyro),
        sensors.center_time_ns(log.frames),
        [(_flow_of(forward), _flow_of(backward)) for forward, backward in pairs],
    )


def _flow_of(homography: np.ndarray) -> np.ndarray:
    x, y = np.meshgrid(np.arange(480.0), np.arange(270.0))
    moved = np.stack([x, y, np.ones_like(x)], axis=-1) @ homography.T
    return (moved[..., :2] / moved[..., 2:] - np.stack([x, y], axis=-1)).astype(np.float32)


@pytest.fixture(scope="session")
def recorded_features(official_network: FusedNetwork, recorded_clip: RecordedClip) -> StepFeatures:
    flow = [
        features.normalize_flow(*pair, official_network.architecture) for pair in recorded_clip.flow
    ]
    batches = [flow[start : start + 16] for start in range(0, len(flow), 16)]
    encode = partial(features.encode_flow, official_network.encoder, focal=np.ones(2))
    encoded = [encode(np.stack(each)) for each in batches]
    poses = features.pose_features(recorded_clip.gyro, recorded_clip.time_ns, official=True)
    return poses._replace(flow=np.concatenate(encoded))


@pytest.fixture(scope="session")
def recorded_steps(golden: Path):
    return np.load(golden / "dvs/steps.npz")
