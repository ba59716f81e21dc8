import json
import logging
import math
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from data.dataset_builder import build
from data.record_builder import RecordBuilder
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.fused import loader, window
from dvs_jax.fused.loader import Batches, Share
from dvs_jax.fused.record import Record, no_flow, record_of_gyro
from dvs_jax.fused.window import Window

FRAMES = (41, 41, 41, 41, 41, 21)


def shaking(number: int) -> Record:
    """Return clip `number`, whose focal length is number + 1 widths and whose shake grows by it."""
    time_ns = np.arange(0, (FRAMES[number] - 1) * 40_000_000 + 1_000_000_001, 5_000_000)
    gyro = np.zeros((len(time_ns), 3))
    gyro[:, 1] = (number + 1) * np.sin(2 * np.pi * 4e-9 * time_ns)
    camera = Camera(focal_length=(number + 1.0, number + 1.0))
    return record_of_gyro(f"clip{number}", time_ns, gyro, camera, (100, 100), 25.0)


def with_flow(size: tuple[int, int] | None, number: int) -> Record:
    made = shaking(number)
    pairs = len(made.flow)
    if size is None:
        return made._replace(flow=no_flow(pairs))
    shape = (pairs, size[1], size[0], 4)
    flow = (np.arange(pairs)[:, None, None, None] + 100 * number).astype(np.float16)
    return made._replace(flow=np.broadcast_to(flow, shape).copy())


class Shaking(RecordBuilder, skip_registration=True):
    """Cameras that shake."""

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        size = self.builder_config.flow_size
        numbers = {"training": range(6) if size is None else range(2), "test": [5]}
        return {split: (with_flow(size, number) for number in numbers[split]) for split in numbers}


@pytest.fixture(scope="module")
def poses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poses")
    return build(Shaking(data_dir=folder, config="poses", file_format="array_record"))


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quarter")
    return build(Shaking(data_dir=folder, config="quarter", file_format="array_record"))


def load(folder: Path, **changes: Any) -> Batches:
    settings: dict[str, Any] = {"steps": 10, "batch_size": 4, "seed": 7, **changes}
    return loader.load([Share(folder)], **settings)


def numbers(batch: Window) -> list[int]:
    return [round(float(focal)) - 1 for focal in batch.focal[:, 0]]


def assert_equal(one: Window, other: Window) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_a_batch_stacks_windows(quarter: Path) -> None:
    batch = next(load(quarter, flow_size=(120, 68)))
    assert batch.poses.real.shape == (4, 10, 21, 4)
    assert batch.camera_pose.shape == (4, 11, 4)
    assert (batch.flow.shape, batch.flow.dtype) == ((4, 10, 68, 120, 4), np.float16)
    assert (batch.seed.shape, batch.seed.dtype) == ((4,), np.uint32)
    for row, number in enumerate(numbers(batch)):
        begin = round(float(batch.flow[row, 0, 0, 0, 0])) - 100 * number
        expected = window.window_at(with_flow((120, 68), number), begin, 10, batch.seed[row])
        assert_equal(jax.tree.map(lambda array: array[row], batch), expected)  # noqa: B023


def test_without_flow_records_are_the_same_and_stay_in_memory(quarter: Path, monkeypatch) -> None:
    whole, poses = (loader.Records(Share(quarter), with_flow=wanted) for wanted in (True, False))
    found = poses[1]
    assert_equal(found._replace(flow=whole[1].flow), whole[1])
    assert found.flow.shape == (len(whole[1].flow), 0, 0, 4)
    assert poses[1] is found
    assert whole[1] is not whole[1]
    streams = [load(quarter, flow_size=size) for size in ((120, 68), None)]
    with_it, without = (next(each) for each in streams)
    assert_equal(without._replace(flow=with_it.flow), with_it)
    for each in streams:
        each.close()
    monkeypatch.setattr(loader, "KEPT_BYTES", 1)
    few = loader.Records(Share(quarter), with_flow=False)
    assert few[0] is few[0] and few[1] is not few[1]


def test_the_same_seed_gives_the_same_batches(poses: Path) -> None:
    one, other, different = load(poses), load(poses), load(poses, seed=8)
    seeds = []
    for _ in range(5):
        batch = next(one)
        assert_equal(batch, next(other))
        seeds.append((batch.seed, next(different).seed))
    assert not any((ours == theirs).any() for ours, theirs in seeds)


def test_every_epoch_has_each_clip_once_and_its_own_windows(poses: Path) -> None:
    batches = load(poses, batch_size=6)
    epochs = [next(batches) for _ in range(4)]
    assert all(sorted(numbers(epoch)) == list(range(6)) for epoch in epochs)
    assert len({tuple(numbers(epoch)) for epoch in epochs}) > 1
    assert len({int(seed) for epoch in epochs for seed in epoch.seed}) == 24


@pytest.mark.parametrize("before", [0, 1, 7])
def test_a_kept_position_goes_on_with_the_very_next_batch(poses: Path, before: int) -> None:
    batches = load(poses)
    for _ in range(before):
        next(batches)
    state = json.loads(json.dumps(batches.get_state()))
    expected = [next(batches) for _ in range(3)]
    again = load(poses)
    next(again)
    again.set_state(state)
    for batch in expected:
        assert_equal(next(again), batch)


def test_processes_see_together_what_one_sees(poses: Path) -> None:
    whole = load(poses)
    parts = [load(poses, process_index=index, process_count=2) for index in range(2)]
    for _ in range(4):
        together = jax.tree.map(lambda *halves: np.concatenate(halves), *map(next, parts))
        assert_equal(together, next(whole))
    assert all(part.get_state() == whole.get_state() for part in parts)


def test_a_curriculum_leaves_out_what_shakes_more(poses: Path) -> None:
    index = tfds.builder_from_directory(poses).info.metadata["training"]["shake_deg"]
    assert np.all(np.diff(index[:5]) > 0)
    batches = load(poses, largest_shake_deg=index[2])
    assert {number for _ in range(5) for number in numbers(next(batches))} == {0, 1, 2}
    with pytest.raises(InputError, match=r"every clip shakes by more than 0\.001°"):
        load(poses, largest_shake_deg=0.001)


def test_clips_shorter_than_the_window_are_named_and_left_out(
    poses: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        batches = load(poses, steps=30)
    assert "fewer than 31 frames: clip5" in caplog.text
    assert {number for _ in range(5) for number in numbers(next(batches))} == set(range(5))


def test_windows_longer_than_all_clips_are_an_error(poses: Path) -> None:
    with pytest.raises(InputError, match=r"no clip is as long .* longest has 41 frames"):
        load(poses, steps=41)


def test_datasets_are_mixed_by_weight(poses: Path, tmp_path: Path) -> None:
    shares = [Share(poses, 3.0), Share(poses, 1.0, "test")]
    batch = next(loader.load(shares, steps=10, batch_size=80, seed=1))
    # One in six of the training split is the test split's clip, too.
    assert numbers(batch).count(5) == 20 + 10


def test_flow_has_to_be_of_the_networks_size(poses: Path, quarter: Path) -> None:
    with pytest.raises(InputError, match=r"no flow.*120 × 68"):
        loader.load(
            [Share(quarter), Share(poses)],
            steps=10,
            batch_size=2,
            seed=1,
            flow_size=(120, 68),
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"process_count": 3}, "batch of 4 cannot be shared by 3"),
        ({"batch_size": 0}, "batch of 0"),
        ({"seed": -1}, "seed of -1"),
    ],
)
def test_impossible_settings_are_named(poses: Path, changes: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(poses, **changes)


def test_a_weight_of_nothing_is_an_error(poses: Path) -> None:
    with pytest.raises(InputError, match="weight of 0"):
        loader.load([Share(poses, 0.0)], steps=10, batch_size=2, seed=1)
    with pytest.raises(InputError, match="no dataset is named"):
        loader.load([], steps=10, batch_size=2, seed=1)


def test_a_split_that_is_not_there_is_named(poses: Path) -> None:
    with pytest.raises(InputError, match="no split 'train'; there are training, test"):
        loader.load([Share(poses, split="train")], steps=10, batch_size=2, seed=1)


def test_a_folder_without_a_dataset_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no dataset; build one"):
        load(tmp_path)
    with pytest.raises(InputError, match="holds no dataset"):
        load(tmp_path / "missing")


def test_a_dataset_is_found_in_the_folder_around_it(poses: Path) -> None:
    assert loader.find(poses.parents[2]) == poses


def test_of_several_datasets_one_is_to_be_named(poses: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(poses, tmp_path / name)
    with pytest.raises(InputError, match=r"several datasets \(a, b\)"):
        load(tmp_path)


def test_of_a_datasets_versions_the_newest_is_taken(poses: Path, tmp_path: Path) -> None:
    for name in ("1.2.0", "1.10.0", "1.9.1"):
        shutil.copytree(poses, tmp_path / "poses" / name)
    assert loader.find(tmp_path) == tmp_path / "poses" / "1.10.0"
    shutil.copytree(poses, tmp_path / "other" / "1.0.0")
    with pytest.raises(InputError, match=r"several datasets \(other/1\.0\.0, poses/1\.10\.0\)"):
        loader.find(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "removed"])
def test_a_damaged_record_is_an_error(quarter: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(quarter, folder)
    (file,) = folder.glob("*training.array_record*")
    content = bytearray(file.read_bytes())
    half = len(content) // 2
    # Behind the file's header lies the first record.
    content[200:208] = bytes(255 - byte for byte in content[200:208])
    damaged = {"truncated": content[:half], "flipped": content, "emptied": b""}
    file.write_bytes(damaged.get(damage, b""))
    if damage == "removed":
        file.unlink()
    with pytest.raises(InputError, match="build"):
        batches = load(folder)
        for _ in range(3):
            next(batches)


@pytest.mark.parametrize("file", ["dataset_info.json", "features.json", "metadata.json"])
@pytest.mark.parametrize("content", ["{ broken", "[]", "3", "[" * 100_000, "1" * 5000, "\xff", ""])
def test_damaged_descriptions_are_errors(
    poses: Path, tmp_path: Path, file: str, content: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(poses, folder)
    (folder / file).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"copy.*(the dataset cannot be read|index).*build it"):
        load(folder)


def test_no_module_is_imported_because_a_dataset_names_it(poses: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(poses, folder)
    written = (folder / "features.json").read_text()
    text = "tensorflow_datasets.core.features.text_feature.Text"
    assert text in written
    (folder / "features.json").write_text(written.replace(text, "this.Text"))
    with pytest.raises(InputError, match=r"other features than training records have\); build it"):
        load(folder)
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fileFormat", "tfrecord", "no array_record files"),
        ("name", "../shaking", "impossible names of files"),
        ("version", "9" * 5000 + ".0.0", "an impossible version"),
        ("filepathTemplate", "{DATASET:>999999999}", "impossible names of files"),
        ("filepathTemplate", "../{DATASET}", "impossible names of files"),
        ("shardLengths", ["0"] * 20_000, "more than 10000 files"),
        ("shardLengths", ["999999999999"], "the files hold 999999999999"),
        ("shardLengths", ["-5"], "cannot be read"),
    ],
)
def test_a_description_of_impossible_files_is_an_error(
    poses: Path, tmp_path: Path, name: str, value: Any, message: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(poses, folder)
    info = json.loads((folder / "dataset_info.json").read_text())
    (info if name in info else info["splits"][0])[name] = value
    (folder / "dataset_info.json").write_text(json.dumps(info))
    with pytest.raises(InputError, match=f"copy: .*{message}.*; build it again"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ["a"] * 5 + [3]),
        ("name", "clips."),
        ("frames", ["x"] * 6),
        ("frames", [[41]] * 6),
        ("frames", [10**30] * 6),
        ("frames", None),
        ("shake_deg", [math.nan] * 6),
        ("shake_deg", {"a": 1}),
    ],
)
def test_an_index_of_other_values_is_an_error(
    poses: Path, tmp_path: Path, name: str, value: Any
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(poses, folder)
    index = json.loads((folder / "metadata.json").read_text())
    index["training"][name] = value
    (folder / "metadata.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="copy: has no index of its training split"):
        load(folder)


def test_an_index_of_other_files_is_an_error(poses: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(poses, folder)
    index = json.loads((folder / "metadata.json").read_text())
    index["training"]["frames"].pop()
    (folder / "metadata.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="the files hold 6; build"):
        load(folder)
