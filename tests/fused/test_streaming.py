import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import clip as clips
from dvs_jax import flow, quaternion
from dvs_jax.fused import device_work, features, prediction, reach, rollout, streaming
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.on_devices import Followed
from dvs_jax.fused.streaming import predicted_levels
from dvs_jax.fused.strength import Strength, calm_levels
from dvs_jax.sensors.integration import with_pre_roll

DEVIATION_S = 0.03


def network(**changes) -> FusedNetwork:
    settings = {"flow": False, "lstm": (16,), "fully_connected": (FullyConnected(4),), **changes}
    made = FusedNetwork(Architecture(**settings), nnx.Rngs(0))
    made.eval()
    return made


def levels_of(model: FusedNetwork, clip, chosen: Strength, pairs=None) -> np.ndarray:
    return np.concatenate(list(predicted_levels(model, clip, chosen, pairs)), axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("steps_at_once", [8, 256])
def test_portions_are_the_prediction_of_the_whole(walk, monkeypatch, steps_at_once):
    monkeypatch.setattr(streaming, "STEPS_AT_ONCE", steps_at_once)
    clip, model = clips.load_clip(walk), network()
    strength = reach.strength_of(0.1, clip.sensors.camera, clip.size)
    whole = prediction.predict_trajectory(model, clip, strength=strength)
    real, found = levels_of(model, clip, Strength(strength))
    np.testing.assert_allclose(found, whole.quaternion, atol=1e-6)
    np.testing.assert_array_equal(real, clips.real_path(clip).quaternion)
    _, *calm = levels_of(model, clip, Strength(strength, DEVIATION_S))
    for one, other in zip(calm, calm_levels(whole, DEVIATION_S), strict=True):
        np.testing.assert_allclose(one, other.quaternion, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", [0, 8])
def test_so_are_those_by_flow(walk, fusion):
    clip = clips.load_clip(walk)
    model = network(flow=True, fusion=fusion, flow_size=(48, 27))
    strength = reach.strength_of(0.1, clip.sensors.camera, clip.size)
    whole = prediction.predict_trajectory(model, clip, "dis", strength=strength)
    pairs = [None, *flow.estimate(clips.read_frames(clip), "dis")]
    _, found = levels_of(model, clip, Strength(strength), pairs)
    np.testing.assert_allclose(found, whole.quaternion, atol=1e-6)


@pytest.mark.slow
def test_what_corrects_the_gyro_is_not_smoothed(walk):
    clip = clips.load_clip(walk)
    model = network(flow=True, fusion=8, flow_size=(48, 27))
    _trust_flow(model)
    pairs = [None, *flow.estimate(clips.read_frames(clip), "dis")]
    whole = _rolled_out(model, clip, pairs)
    steady, corrects = (
        quaternion.normalize(np.asarray(each, np.float64))
        for each in (whole.steady, whole.correction)
    )
    assert np.abs(quaternion.to_rotation_vector(corrects)).max() > 1e-3
    _, *found = levels_of(model, clip, Strength(1.0, DEVIATION_S), pairs)
    alone = prediction.predict_trajectory(streaming.without_flow(model), clip, strength=1.0)
    np.testing.assert_allclose(alone.quaternion[1:], steady, atol=1e-6)
    for one, other in zip(found, calm_levels(alone, DEVIATION_S), strict=True):
        wanted = quaternion.multiply(other.quaternion[1:], corrects)
        np.testing.assert_allclose(one[1:], wanted, atol=1e-6)
        np.testing.assert_allclose(one[0], other.quaternion[0], atol=1e-6)
    # Batches on devices smooth whole clips, and are to show the same.
    begin = alone.quaternion[0], alone.quaternion[0], quaternion.identity()
    later = whole.pose, whole.steady, whole.correction
    followed = Followed(*(np.concatenate([a[None], b]) for a, b in zip(begin, later, strict=True)))
    batched = device_work.calm_paths(alone.time_ns, followed, DEVIATION_S)
    for one, other in zip(found, batched, strict=True):
        np.testing.assert_allclose(one, other.quaternion, atol=1e-6)


def _trust_flow(model: FusedNetwork) -> None:
    model.core.fusion.trust.bias[...] = jnp.ones(3)


def _rolled_out(model: FusedNetwork, clip, pairs) -> rollout.StepOutput:
    log, time_ns = clips.recorded(clip), clips.center_time_ns(clip)
    normal = prediction.normal_flow(pairs[1:], clip, model.architecture)
    told = FlowReader(model, log.camera, clip.size, 1.0)(normal)
    seen = features.poses_seen(model.architecture, with_pre_roll(log.gyro), time_ns)
    steps = jax.tree.map(jnp.asarray, seen._replace(flow=told))
    return rollout.rollout(model.core, features.ring_size(time_ns), steps)
