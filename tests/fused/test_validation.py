"""Measures of held-out clips, against what is known of the clips."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import metrics
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.fused import features, inference
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.reach import MARGIN
from dvs_jax.fused.record import Record, gyro_path, no_flow
from dvs_jax.fused.validation import HeldOut
from dvs_jax.sensors.integration import with_pre_roll

from .records import walking_record

FLOW_SIZE = (16, 9)
IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def walk() -> Record:
    return walking_record(FLOW_SIZE)


@pytest.fixture(scope="module")
def without_turning(calm_network: FusedNetwork) -> FusedNetwork:
    """A network whose virtual camera stands still, once it stands still."""
    network = nnx.clone(calm_network)
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = 0.0 * last.kernel[...]
    return network


def still(record: Record) -> Record:
    """Return the clip as a gyro tells it that notices nothing."""
    return record._replace(gyro_pose=np.tile(IDENTITY, (len(record.gyro_pose), 1)))


def measure(network: FusedNetwork, *clips: Record) -> dict[str, float]:
    graph, params = nnx.split(network)
    return HeldOut(graph, clips).measure(params)


def predicted(network: FusedNetwork, clip: Record, flow: np.ndarray | None = None) -> CameraPath:
    path = with_pre_roll(gyro_path(clip))
    official = network.architecture.official
    steps = features.pose_features(path, clip.time_ns, official)
    if network.encoder is not None:
        chunks = [flow[start : start + 16] for start in range(0, len(flow), 16)]
        encoded = [features.encode_flow(network.encoder, each, clip.focal) for each in chunks]
        steps = steps._replace(flow=np.concatenate(encoded))
    return inference.predict(network, [steps], [clip.time_ns])[0]


def test_a_camera_on_a_tripod_is_steady_and_covered(without_turning, walk: Record) -> None:
    clip = still(walk)._replace(true_pose=np.tile(IDENTITY, (len(walk.time_ns), 1)))
    found = measure(without_turning, clip)
    assert found["jitter"] < 1e-3
    assert found["worst_crop"] < 1e-4
    assert found["uncovered"] == 0.0


def test_what_the_gyro_missed_is_left_in_the_picture(without_turning, walk: Record) -> None:
    found = measure(without_turning, still(walk))
    shaken = metrics.rotation_jitter(CameraPath(walk.time_ns, walk.true_pose.astype(np.float64)))
    assert shaken > 0.1
    assert found["jitter"] == pytest.approx(shaken, rel=1e-3)
    assert found["worst_crop"] < 1e-4


def test_measures_are_those_of_the_predicted_path(calm_network, walk: Record) -> None:
    found = measure(calm_network, walk)
    path = predicted(calm_network, walk)
    assert found["jitter"] == pytest.approx(metrics.rotation_jitter(path), rel=1e-3)
    assert found["jerk"] == pytest.approx(metrics.angular_jerk(path), rel=1e-3)
    beyond = max(found["worst_crop"] / MARGIN - 1.0, 0.0)
    still_ = np.sqrt(found["jitter"] * found["jerk"])
    assert found["restlessness"] == pytest.approx(still_ * (1.0 + beyond), rel=1e-4)


@pytest.mark.slow
def test_several_clips_give_their_means(calm_network, walk: Record) -> None:
    short = walk._replace(time_ns=walk.time_ns[:40], true_pose=walk.true_pose[:40])
    one, other, both = (measure(calm_network, *clips) for clips in ([walk], [short], [walk, short]))
    for name in ("jitter", "jerk", "worst_crop", "uncovered"):
        assert both[name] == pytest.approx((one[name] + other[name]) / 2, rel=1e-3)


@pytest.mark.slow
def test_official_networks_see_flow_in_their_own_units(walk: Record) -> None:
    walk = walk._replace(flow=(20 * walk.flow).astype(np.float16))
    wanted = Architecture(lstm=(8,), flow_size=FLOW_SIZE, official=True)
    network = FusedNetwork(wanted, nnx.Rngs(2))
    last = network.core.fully_connected[-1].linear
    last.kernel[...] = 0.3 * last.kernel[...]
    last.bias[...] = jnp.asarray(IDENTITY)
    network.eval()
    pixels = walk.flow.astype(np.float32) * np.array(FLOW_SIZE * 2, np.float32)
    flow = [features.normalize_flow(pair[..., :2], pair[..., 2:], wanted) for pair in pixels]
    path = predicted(network, walk, np.stack(flow))
    elsewhere = predicted(network, walk, walk.flow.astype(np.float32))
    jitter = measure(network, walk)["jitter"]
    assert jitter == pytest.approx(metrics.rotation_jitter(path), rel=1e-4)
    assert jitter != pytest.approx(metrics.rotation_jitter(elsewhere), rel=1e-3)


def test_the_picture_is_an_rgb_image(calm_network, walk: Record) -> None:
    graph, params = nnx.split(calm_network)
    clip = walk._replace(flow=no_flow(len(walk.flow)))
    picture = HeldOut(graph, [clip]).picture(params)
    assert (picture.dtype, picture.shape[2]) == (np.uint8, 3)
    assert picture.std() > 1.0


def test_the_measured_pose_is_that_of_the_gyro(walk: Record) -> None:
    """The record's truth is the gyro's where nothing better is known."""
    real = pose_at(gyro_path(walk), walk.time_ns, "hold")
    np.testing.assert_allclose(walk.true_pose, real, atol=1e-6)
