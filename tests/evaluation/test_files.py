"""From paths to the numbers and the picture: what is read, what is written, what is refused."""

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow_datasets as tfds
from flax import nnx

from data.dataset_builder import build
from data.record_builder import RecordBuilder
from dvs_jax import clip as clips
from dvs_jax import evaluation, metrics, synthetic
from dvs_jax.camera import Camera, intrinsic_matrix
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation import NUMBERS, PICTURE, Score, evaluate, loading, rendering, table
from dvs_jax.fused.record import Record
from dvs_jax.fused.weights import save
from dvs_jax.methods.along_path import shown_by
from dvs_jax.progress import silently
from dvs_jax.stabnet import weights as stabnet
from dvs_jax.stabnet.network import Network
from dvs_jax.whole_file import locked

from .footage import SIZE, record_of

OPTIONS = {"crop": 0.1, "measure": False}


def walk_record(seed: int) -> Record:
    clip = synthetic.SyntheticClip("walking", duration_s=2.0, size=SIZE, seed=seed)
    record = record_of(synthetic.true_path(synthetic.record(clip)), f"walk{seed}")
    return record._replace(flow=np.full((len(record.flow), 68, 120, 4), seed, np.float16))


class Walks(RecordBuilder, skip_registration=True):
    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        return {
            "training": (walk_record(seed) for seed in [7]),
            "test": (walk_record(seed) for seed in [1, 2]),
        }


@pytest.fixture(scope="module")
def numbers(rendered_walk: Path, margin_keeper, tmp_path_factory) -> dict:
    """What evaluating the tiny clip writes, with a model and a clip that is not there."""
    folder = tmp_path_factory.mktemp("evaluated")
    save(margin_keeper, folder / "keeper")
    paths = [rendered_walk, folder / "nowhere"]
    evaluate(paths, [str(folder / "keeper")], folder / "out", **OPTIONS)
    assert sorted(file.name for file in (folder / "out").iterdir()) == [NUMBERS, PICTURE]
    assert cv2.imread(str(folder / "out" / PICTURE)).shape == (600, 1300, 3)
    content = json.loads((folder / "out" / NUMBERS).read_text())
    return {**content, "folder": str(folder)}


@pytest.mark.slow
def test_the_file_holds_every_number_of_every_clip(numbers):
    assert (numbers["crop"], numbers["look_ahead_s"]) == (0.1, 0.4)
    labels = [method["label"] for method in numbers["methods"]]
    assert len(labels) == 18 and {method["kind"] for method in numbers["methods"]} == {
        "input",
        "smoother",
        "within frame",
        "model",
        "whole clip",
    }
    (clip,) = numbers["clips"]
    assert clip["name"] == "walking"
    for scores in (clip["scores"], numbers["mean"]):
        assert list(scores) == labels
        for label, score in scores.items():
            assert list(score) == list(Score.__dataclass_fields__), label
            assert score["kept_worst"] >= 0.8 - 1e-6
            assert score["angular_jerk_deg_s3"] > 0.0
    assert clip["scores"]["input"]["strength"] is None
    assert clip["scores"]["input"]["stability"] is None
    assert clip["scores"]["input"]["residual_shift_px"] is None


@pytest.mark.slow
def test_the_file_names_what_could_not_be_read(numbers):
    path = f"{numbers['folder']}/nowhere"
    assert numbers["left_out"] == {path: f"{path}: no such video or folder"}


@pytest.mark.slow
def test_a_clips_numbers_are_those_of_its_path(numbers, rendered_walk):
    real = clips.real_path(load_clip(rendered_walk))
    score = numbers["clips"][0]["scores"]["input"]
    assert score["rotation_jitter_deg"] == metrics.rotation_jitter(real)


def test_no_clip_that_can_be_read_writes_nothing(tmp_path):
    with pytest.raises(InputError, match=r"no clip can be evaluated: .*nowhere: no such video"):
        evaluate([tmp_path / "nowhere"], [], tmp_path / "out", **OPTIONS)
    assert not any((tmp_path / "out").iterdir())


def test_a_model_that_is_none_is_refused_before_anything_is_done(tmp_path, rendered_walk):
    with pytest.raises(InputError, match="no weights are named 'nothing'"):
        evaluate([rendered_walk], ["nothing"], None, **OPTIONS)


def test_an_impossible_crop_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(InputError, match=r"a crop of 0\.6 is impossible"):
        evaluate([tmp_path], [], tmp_path / "out", crop=0.6, measure=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_models_are_those_shipped_by_default(tmp_path, monkeypatch, margin_keeper, rendered_walk):
    save(margin_keeper, tmp_path / "weights" / "keeper")
    stabnet.save(Network(nnx.Rngs(0)), tmp_path / "weights" / "by_frames_alone")
    monkeypatch.setattr(evaluation.files.pretrained, "SHIPPED_FOLDER", tmp_path / "weights")
    compared = evaluate([rendered_walk], None, None, **OPTIONS)
    assert "model keeper" in compared.means
    assert not any("by_frames_alone" in name for name in compared.means)
    drawn = evaluate([rendered_walk], None, None, **OPTIONS | {"measure": True})
    assert "method by_frames_alone" in drawn.means


@pytest.fixture(scope="module")
def walks(tmp_path_factory) -> Path:
    """A built dataset, to be copied by whoever changes it."""
    folder = tmp_path_factory.mktemp("datasets")
    return build(Walks(data_dir=folder, config="quarter", file_format="array_record"))


def test_the_test_split_of_a_dataset_is_evaluated(walks):
    for path in (walks, walks.parents[1]):
        footage, left_out = loading.load([path])
        assert not left_out
        assert [each.name for each in footage] == ["walk1", "walk2"]
    record = walk_record(2)
    assert np.allclose(footage[1].real.quaternion, record.true_pose, atol=1e-6)
    assert footage[1].exposure.size == SIZE
    assert footage[1].exposure.camera.focal_length == pytest.approx((1 / 1.27, 1 / 1.27))


def test_a_damaged_dataset_is_left_out_with_the_reason(walks, tmp_path):
    built = shutil.copytree(walks, tmp_path / walks.relative_to(walks.parents[2]))
    for file in built.glob("*test.array_record*"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    footage, left_out = loading.load([built])
    assert not footage
    assert "build" in left_out[str(built)]


def test_the_table_shows_every_method_and_no_empty_column(rendered_walk):
    compared = evaluate([rendered_walk], [], None, **OPTIONS)
    limits, paths = table.render(compared)
    assert [column.header for column in limits.columns] == [
        "Method",
        "Rotation rate,\nof the path\n°/s, < 5",
    ]
    assert [column.header for column in paths.columns] == [
        "Method",
        "Strength",
        "Jitter\ndeg",
        "Jerk\ndeg/s³",
        "FOV\nmean",
        "FOV\nworst",
        "Un-\ncovered",
    ]
    assert list(paths.columns[0].cells) == [method.label for method in compared.methods]
    assert next(iter(paths.columns[1].cells)) == "–"


@pytest.mark.slow
def test_a_drawn_video_is_measured_by_its_pictures(walk: Path):
    log = walk / "walking_frame.txt"
    log.write_text("\n".join(log.read_text().splitlines()[:13]) + "\n")
    clip = load_clip(walk)
    frames = shown_by(clip, clips.real_path(clip).quaternion)
    before, (after,) = rendering.measure(clip, [frames], 0.1, silently)
    assert before.frames == after.frames == clip.frame_count
    assert before.fov_ratio_average == pytest.approx(1.0)
    assert before.distortion_min == pytest.approx(1.0)
    assert before.area_kept == 1.0
    assert after.area_kept == pytest.approx(0.64, abs=0.05)
    # Nothing but the crop is done: shapes stay, and what is left shows the same things.
    assert after.distortion_min > 0.95
    assert after.correlation_average > 0.95


def test_a_crop_scaled_back_is_seen_by_a_longer_lens():
    camera, size, kept = Camera(principal_point=(0.48, 0.55)), (640, 480), 0.8
    middle = (np.array(size) - 1) / 2
    zoom = np.eye(3)
    zoom[:2, :2], zoom[:2, 2] = np.eye(2) / kept, middle - middle / kept
    longer = rendering.cropped(camera, kept)
    plain, zoomed = (intrinsic_matrix(each, size, np.zeros(2)) for each in (camera, longer))
    assert np.allclose(zoomed, zoom @ plain)


def test_a_second_run_into_the_same_folder_is_refused(tmp_path, rendered_walk):
    refused = pytest.raises(InputError, match="another run is writing an evaluation there")
    with ThreadPoolExecutor(1) as other, locked(tmp_path, "an evaluation"), refused:
        other.submit(evaluate, [rendered_walk], [], tmp_path, **OPTIONS).result()
