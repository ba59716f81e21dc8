"""Exported functions of STAR-VP and of TensorFlow Lite's files give what the package gives."""

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.export import subject, viewport
from dvs_jax.export.function import exported, named
from dvs_jax.tflite import load
from dvs_jax.viewport.cues import of_head
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network

SMALL = Architecture(
    past=5, future=4, points=6, lstm=8, lstm_layers=1, width=8, heads=2, mlp=8, blocks=1,
    position=3, gate=4,
)  # fmt: skip


@pytest.mark.slow
def test_windows_are_predicted_as_by_the_package():
    network = Network(SMALL, nnx.Rngs(0))
    rng = np.random.default_rng(0)
    past = rng.normal(size=(3, 5, 3)).astype(np.float32)
    past /= np.linalg.norm(past, axis=-1, keepdims=True)
    points = rng.normal(size=(3, 9, 6, 4)).astype(np.float32)
    known, viewer = rng.random((3, 9)) < 0.7, np.zeros(3, np.int32)
    wanted = jax.vmap(network)(past, points, known, of_head(past), viewer)
    (function,) = viewport.functions(network)
    found = exported(function).call(past, points, known, named(of_head(past)), viewer)
    np.testing.assert_allclose(found["direction"], wanted.direction, atol=1e-6)
    np.testing.assert_allclose(found["gate"], wanted.gate, atol=1e-6)


@pytest.mark.slow
def test_a_selfie_model_gives_its_mask(published_models):
    path = published_models / "selfie_segmentation_landscape.tflite"
    (function,) = subject.functions(path)
    network = load(path)
    pictures = np.random.default_rng(0).random((2, *network.input_shapes[0]), np.float32)
    found = exported(function).call(pictures)
    wanted = jax.vmap(network.apply, (None, 0))(network.weights, pictures)
    assert list(found) == ["output0"]
    np.testing.assert_allclose(found["output0"], wanted[0], atol=1e-5)


@pytest.mark.slow
def test_a_bundle_has_a_detector_and_a_network_for_points(published_models):
    functions = subject.functions(published_models / "pose_landmarker_full.task")
    assert [each.name for each in functions] == ["pose_detector", "pose_landmarks"]
    for function in functions:
        side = function.arguments[0].shapes.shape[1]
        found = exported(function).call(np.zeros((1, side, side, 3), np.float32))
        assert all(np.isfinite(each).all() for each in found.values())
