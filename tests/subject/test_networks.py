"""The four networks against their own program, on one frame."""

import zipfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.subject import networks
from dvs_jax.subject.networks import PoseNetworks


@pytest.mark.slow
@pytest.mark.parametrize("which", networks.MASK_MODELS)
def test_masks_of_selfie_models(which: str, published_models: Path, numbers: dict[str, np.ndarray]):
    name = "selfie_segmentation" + ("" if which == "general" else "_landscape")
    network = networks.load_mask(which, published_models)
    picture = jnp.asarray(numbers[f"{name}_input"] / 255, jnp.float32)
    (mask,) = network.apply(network.weights, picture)
    expected = numbers[f"{name}_mask"].astype(np.float32)
    assert np.abs(mask[..., 0] - expected).max() < 3e-4  # recorded in float16
    assert sum(each.size for each in network.weights.values()) == 106_401


@pytest.mark.slow
def test_detector(pose_networks: PoseNetworks, numbers: dict[str, np.ndarray]):
    network = pose_networks.detector
    picture = jnp.asarray(numbers["detector_input"] / 127.5 - 1, jnp.float32)
    raw, logits = network.apply(network.weights, picture)
    assert np.abs(logits[:, 0] - numbers["detector_scores"]).max() < 1e-3
    assert np.abs(raw[numbers["detector_top"]] - numbers["detector_boxes_top"]).max() < 1e-3
    assert sum(each.size for each in network.weights.values()) == 2_965_026


@pytest.mark.slow
def test_landmarks(pose_networks: PoseNetworks, numbers: dict[str, np.ndarray]):
    network = pose_networks.landmarks
    picture = jnp.asarray(numbers["landmark_input"] / 255, jnp.float32)
    points, score, mask, heat, world = network.apply(network.weights, picture)
    assert np.abs(points.reshape(39, 5) - numbers["landmarks"]).max() < 1e-3
    assert np.abs(score - numbers["score"]).max() < 1e-6
    assert np.abs(world.reshape(39, 3) - numbers["world"]).max() < 1e-4
    assert np.abs(mask[::4, ::4, 0] - numbers["mask_every4"]).max() < 0.15  # of ±1500
    recorded = numbers["heatmap"].astype(np.float32)
    assert np.abs(heat[..., numbers["heatmap_channels"]] - recorded).max() < 0.02  # float16
    assert sum(each.size for each in network.weights.values()) == 3_169_489


def test_what_holds_other_networks_is_refused(tmp_path: Path, published_models: Path):
    selfie = (published_models / "selfie_segmentation.tflite").read_bytes()
    path = tmp_path / "other.task"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pose_detector.tflite", selfie)
    with pytest.raises(InputError, match=r"other\.task, pose_detector\.tflite: no detector of peo"):
        networks.load_pose(path)


def test_a_folder_without_the_file_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"pose_landmarker_lite\.task: no such file; fetch https"):
        networks.load_pose("lite", tmp_path)
    with pytest.raises(InputError, match=r"selfie_segmentation\.tflite: no such file"):
        networks.load_mask("general", tmp_path)
