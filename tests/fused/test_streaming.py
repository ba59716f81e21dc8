import numpy as np
import pytest
from flax import nnx

from dvs_jax import clip as clips
from dvs_jax import flow
from dvs_jax.fused import prediction, reach, streaming
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.streaming import predicted_levels


def network(**changes) -> FusedNetwork:
    settings = {"flow": False, "lstm": (16,), "fully_connected": (FullyConnected(4),), **changes}
    made = FusedNetwork(Architecture(**settings), nnx.Rngs(0))
    made.eval()
    return made


@pytest.mark.slow
@pytest.mark.parametrize("steps_at_once", [8, 256])
def test_portions_are_the_prediction_of_the_whole(walk, monkeypatch, steps_at_once):
    monkeypatch.setattr(streaming, "STEPS_AT_ONCE", steps_at_once)
    clip, model = clips.load_clip(walk), network()
    strength = reach.strength_of(0.1, clip.sensors.camera, clip.size)
    whole = prediction.predict_trajectory(model, clip, strength=strength)
    real, found = np.concatenate(list(predicted_levels(model, clip, strength, None)), axis=1)
    np.testing.assert_allclose(found, whole.quaternion, atol=1e-6)
    np.testing.assert_array_equal(real, clips.real_path(clip).quaternion)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", [0, 8])
def test_so_are_those_by_flow(walk, fusion):
    clip = clips.load_clip(walk)
    model = network(flow=True, fusion=fusion, flow_size=(48, 27))
    strength = reach.strength_of(0.1, clip.sensors.camera, clip.size)
    whole = prediction.predict_trajectory(model, clip, "dis", strength=strength)
    pairs = [None, *flow.estimate(clips.read_frames(clip), "dis")]
    _, found = np.concatenate(list(predicted_levels(model, clip, strength, pairs)), axis=1)
    np.testing.assert_allclose(found, whole.quaternion, atol=1e-6)
