import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import sensors
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.fused import features, inference, reach
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.online import OnlineStabilizer
from dvs_jax.sensors.integration import integrate, with_pre_roll


def drive(online, time_ns, gyro_ns, velocity, flow=None, lag_ns=0, lens=None):
    """Feed frames as a camera would, each with what the gyro measured until then."""
    latency, times, poses, taken = [], [], [], 0
    for index, now in enumerate(time_ns):
        until = np.searchsorted(gyro_ns, now - lag_ns, side="right")
        pair = flow[index - 1] if flow is not None and index else None
        shift = None if lens is None else lens[index]
        found = online.push(int(now), gyro_ns[taken:until], velocity[taken:until], pair, shift)
        taken = until
        latency += [now - time for time in found.time_ns]
        times.append(found.time_ns)
        poses.append(found.quaternion)
    return np.concatenate(times), np.concatenate(poses), latency, taken


@pytest.fixture(scope="module")
def recording():
    rng = np.random.default_rng(0)
    gyro_ns = np.arange(0, 5_000_000_000, 5_000_000, dtype=np.int64)
    velocity = rng.normal(0.0, 0.5, (len(gyro_ns), 3))
    time_ns = 100_000_000 + np.arange(120, dtype=np.int64) * 33_366_700
    return gyro_ns, velocity, time_ns


@pytest.fixture
def network(calm_network):
    return calm_network


def offline(network, recording, until_ns=None):
    gyro_ns, velocity, time_ns = recording
    kept = slice(None) if until_ns is None else slice(np.searchsorted(gyro_ns, until_ns, "right"))
    path = with_pre_roll(integrate(gyro_ns[kept], velocity[kept]))
    clip = features.pose_features(path, time_ns, official=False)
    return inference.predict(network, [clip], [time_ns])[0]


@pytest.mark.slow
def test_the_online_path_is_the_offline_path(network, recording):
    gyro_ns, velocity, time_ns = recording
    online = OnlineStabilizer(network, Camera(), (1920, 1080))
    times, poses, latency, _ = drive(online, time_ns, gyro_ns, velocity)
    rest = online.finish()
    wanted = offline(network, recording, time_ns[-1])
    np.testing.assert_array_equal(np.concatenate([times, rest.time_ns]), time_ns)
    found = np.concatenate([poses, rest.quaternion])
    np.testing.assert_allclose(found, wanted.quaternion, atol=1e-6)
    # 400 ms, and up to one frame and one gyro sample until the next call.
    assert min(latency[1:]) >= 400e6 and max(latency[1:]) <= 400e6 + 33.4e6 + 5e6


@pytest.mark.slow
def test_memory_does_not_grow(network, recording):
    gyro_ns, velocity, time_ns = recording
    online = OnlineStabilizer(network, Camera(), (1920, 1080))
    drive(online, time_ns, gyro_ns, velocity)
    assert len(online._gyro) * 5e6 < 2e9
    assert len(online._waiting) <= 14


@pytest.mark.slow
def test_flow_and_official_weights(official_network, recorded_clip, recorded_features, golden):
    """The recorded clip frame by frame gives the official program's trajectory."""
    camera = sensors.load(golden / "dvs/clip/clip.mp4", np.arange(40, dtype=np.int64)).camera
    rows = np.loadtxt(golden / "dvs/clip/clip_gyro.txt")
    gyro_ns = (rows[:, 0] * 1000).astype(np.int64)
    velocity = rows[:, [2, 1, 3]]
    assert camera.gyro_axes == ("y", "x", "z")
    online = OnlineStabilizer(official_network, Camera(), (1920, 1080))
    flow = recorded_clip.flow
    _, poses, _, taken = drive(online, recorded_clip.time_ns, gyro_ns, velocity, flow)
    online._extend_gyro(gyro_ns[taken:], velocity[taken:])
    rest = online.finish()
    wanted = np.loadtxt(golden / "dvs/trajectory.txt")[:, 1:]
    np.testing.assert_allclose(np.concatenate([poses, rest.quaternion]), wanted, atol=1e-5)


def test_a_network_with_flow_asks_for_flow(official_network):
    online = OnlineStabilizer(official_network, Camera(), (1920, 1080))
    empty = np.zeros(0, np.int64), np.zeros((0, 3))
    online.push(0, *empty, None)
    with pytest.raises(InputError, match="flow"):
        online.push(33_000_000, *empty, None)


@pytest.fixture
def fusing():
    """A network that corrects the gyro, and half believes flow."""
    wanted = Architecture(lstm=(8,), turn_unit=0.02, filters=3, fusion=4, flow_size=(30, 17))
    made = FusedNetwork(wanted, nnx.Rngs(0))
    made.core.fusion.trust.bias[...] = 0.5 * jnp.ones(3)
    made.core.fully_connected[-1].linear.bias[...] = jnp.asarray([0.0, 0.0, 0.0, 1.0])
    made.eval()
    return made


@pytest.mark.slow
def test_flow_lens_and_gyro_give_the_offline_path(fusing, recording):
    """Online the lens is taken out of each pair's flow; offline flow is given without it."""
    gyro_ns, velocity, time_ns = recording
    camera, size, crop = Camera(), (1920, 1080), 0.08
    rng = np.random.default_rng(1)
    lens = rng.normal(0.0, 0.01, (len(time_ns), 2))
    shift_px = np.diff(lens, axis=0)[:, None, None] * (30, 17)
    turned = rng.normal(0.0, 0.3, (len(time_ns) - 1, 17, 30, 2))
    flow = [(each + px, -each - px) for each, px in zip(turned, shift_px, strict=True)]
    online = OnlineStabilizer(fusing, camera, size, crop)
    _, poses, _, taken = drive(online, time_ns, gyro_ns, velocity, flow, lens=lens)
    found = np.concatenate([poses, online.finish().quaternion])

    strength = reach.strength_of(crop, camera, size)
    path = with_pre_roll(integrate(gyro_ns[:taken], velocity[:taken]))
    clip = features.pose_features(path, time_ns, False, strength, fusion=True)
    pairs = [features.normalize_flow(each, -each, fusing.architecture) for each in turned]
    told = FlowReader(fusing, camera, size, strength)(pairs)
    (wanted,) = inference.predict(fusing, [clip._replace(flow=told)], [time_ns])
    np.testing.assert_allclose(found, wanted.quaternion, atol=2e-6)
    (blind,) = inference.predict(fusing, [clip._replace(flow=0.0 * told)], [time_ns])
    assert np.abs(blind.quaternion - wanted.quaternion).max() > 1e-3


@pytest.mark.slow
def test_a_call_refused_for_its_flow_can_be_made_again(fusing, recording):
    gyro_ns, velocity, time_ns = recording
    flow = [(np.full((17, 30, 2), 0.1), np.full((17, 30, 2), -0.1))] * len(time_ns)
    online, other = (OnlineStabilizer(fusing, Camera(), (1920, 1080)) for _ in range(2))
    first, second = slice(0, 20), slice(20, 30)
    for each in (online, other):
        each.push(int(time_ns[0]), gyro_ns[first], velocity[first], None)
    again = int(time_ns[1]), gyro_ns[second], velocity[second]
    with pytest.raises(InputError, match="pass each pair's flow"):
        online.push(*again, None)
    for each in (online, other):
        each.push(*again, flow[0])
    np.testing.assert_array_equal(online.finish().quaternion, other.finish().quaternion)
    assert len(online._gyro) == len(other._gyro)


@pytest.mark.parametrize("crop", [0.0, -0.1, 0.46, np.nan])
def test_a_crop_that_leaves_nothing_to_do_or_to_see_is_refused(network, crop):
    with pytest.raises(InputError, match=r"more than 0 and at most 0\.45"):
        OnlineStabilizer(network, Camera(), (1920, 1080), crop)


@pytest.mark.slow
def test_a_gyro_that_starts_late_delays_the_first_poses(network, recording):
    gyro_ns, velocity, time_ns = recording
    late = np.searchsorted(gyro_ns, time_ns[0] + 500_000_000)
    online = OnlineStabilizer(network, Camera(), (1920, 1080))
    times, poses, _, _ = drive(online, time_ns, gyro_ns[late:], velocity[late:])
    rest = online.finish()
    np.testing.assert_array_equal(np.concatenate([times, rest.time_ns]), time_ns)
    assert np.isfinite(poses).all()


def test_no_gyro_at_all_is_told(network):
    online = OnlineStabilizer(network, Camera(), (1920, 1080))
    empty = np.zeros(0, np.int64), np.zeros((0, 3))
    for index in range(30):
        assert len(online.push(index * 33_000_000, *empty, None)) == 0
    with pytest.raises(InputError, match="fewer than two samples"):
        online.finish()
    assert len(OnlineStabilizer(network, Camera(), (1920, 1080)).finish()) == 0


def test_times_must_increase(network):
    online = OnlineStabilizer(network, Camera(), (1920, 1080))
    online.push(0, np.array([0, 5]), np.zeros((2, 3)), None)
    with pytest.raises(InputError, match="gyro's times must increase"):
        online.push(33_000_000, np.array([5]), np.zeros((1, 3)), None)
    with pytest.raises(InputError, match="frames at 0 and 1000000"):
        online.push(1_000_000, np.array([9]), np.zeros((1, 3)), None)
