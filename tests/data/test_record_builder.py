from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from data.dataset_builder import build
from data.record_builder import RecordBuilder
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.fused import record
from dvs_jax.fused.record import Record


def standing(name: str, frames: int, flow_size: tuple[int, int] | None) -> Record:
    time_ns = np.arange(frames) * 33_333_333
    path = CameraPath(time_ns, np.tile([0.0, 0.0, 0.0, 1.0], (frames, 1)))
    width, height = flow_size or (0, 0)
    flow = np.random.default_rng(0).normal(size=(frames - 1, height, width, 4))
    return record.record_of_path(
        name, path, time_ns, Camera(), (1920, 1080), flow.astype(np.float16)
    )


class Standing(RecordBuilder, skip_registration=True):
    """Cameras that stand."""

    counts: Mapping[str, int] = {"training": 2, "test": 1}

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        size = self.builder_config.flow_size
        return {
            split: iter([standing(f"{split}{index}", 130, size) for index in range(count)])
            for split, count in self.counts.items()
        }


@pytest.mark.parametrize(("config", "shape"), [("quarter", (68, 120, 4)), ("poses", (0, 0, 4))])
def test_what_is_written_is_read_again(tmp_path: Path, config: str, shape: tuple[int, ...]) -> None:
    folder = build(Standing(data_dir=tmp_path, config=config, file_format="array_record"))
    built = tfds.builder_from_directory(folder)
    stored = [record.from_example(each) for each in built.as_data_source("training")]
    whole = standing("training0", 130, built_size(config))
    expected = list(record.pieces(whole))
    assert [each.name for each in stored[: len(expected)]] == [each.name for each in expected]
    for one, other in zip(stored, expected, strict=False):
        for ours, theirs in zip(one[1:], other[1:], strict=True):
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype
    assert stored[0].flow.shape[1:] == shape


def built_size(config: str) -> tuple[int, int] | None:
    return (120, 68) if config == "quarter" else None


def test_the_index_tells_of_every_record(tmp_path: Path) -> None:
    folder = build(Standing(data_dir=tmp_path, config="quarter", file_format="array_record"))
    index = tfds.builder_from_directory(folder).info.metadata["training"]
    assert index["name"] == ["training0/0", "training0/64", "training1/0", "training1/64"]
    assert index["frames"] == [65, 66, 65, 66]
    assert index["shake_deg"] == [0.0] * 4


def test_an_empty_split_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    builder = Standing(data_dir=tmp_path, config="poses", file_format="array_record")
    builder.counts = {"training": 1, "test": 0}
    with pytest.raises(InputError, match="the test split has no clip"):
        build(builder)
    assert not list(tmp_path.rglob("*.array_record*"))


def test_a_dataset_is_never_overwritten(tmp_path: Path) -> None:
    build(Standing(data_dir=tmp_path, config="poses", file_format="array_record"))
    with pytest.raises(InputError, match="lies there already"):
        build(Standing(data_dir=tmp_path, config="poses", file_format="array_record"))


@pytest.mark.parametrize("content", ["[" * 100_000, "9" * 5000, "{}", ""])
def test_neither_is_a_damaged_one(tmp_path: Path, content: str) -> None:
    folder = build(Standing(data_dir=tmp_path, config="poses", file_format="array_record"))
    (folder / "dataset_info.json").write_text(content)
    with pytest.raises(InputError, match=f"{tmp_path}: cannot take a dataset .*remove it"):
        build(Standing(data_dir=tmp_path, config="poses", file_format="array_record"))
    assert (folder / "dataset_info.json").read_text() == content
