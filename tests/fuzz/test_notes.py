"""Notes that runs leave, and descriptions in datasets and checkpoints, changed at random."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from hypothesis import given

from data.dataset_builder import build
from data.record_builder import RecordBuilder
from dvs_jax.bounded_file import read_json
from dvs_jax.camera import Camera
from dvs_jax.flow import cache
from dvs_jax.flow.flow_folder import FlowFolder
from dvs_jax.fused import architecture, loader
from dvs_jax.fused.architecture import Architecture, Convolution
from dvs_jax.fused.loader import Share
from dvs_jax.fused.record import Record, record_of_gyro
from dvs_jax.training import logs

from .budget import budget
from .examination import outcome
from .mutation import mutations
from .text_mutation import text_mutations

FEW = 30

LINES = '{"step": 1, "epoch": 1, "total": 0.5}\n{"step": 2, "epoch": 1, "total": 0.25}\n'


class Turning(RecordBuilder, skip_registration=True):
    """Two cameras that turn."""

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        time_ns = np.arange(0, 2_000_000_000, 5_000_000)
        gyro = np.sin(1e-8 * time_ns)[:, None] * [0.1, 0.2, 0.3]
        made = record_of_gyro("a", time_ns, gyro, Camera(), (100, 100), 25.0)
        return {split: iter([made, made._replace(name="b")]) for split in ("training", "test")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    return build(Turning(data_dir=folder, config="poses", file_format="array_record"))


def read_dataset(folder: Path) -> None:
    records = loader.Records(Share(folder))
    for number in range(len(records)):
        assert len(records[number].time_ns) > 1


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json", "metadata.json"])
def test_damaged_datasets(
    name: str, built: Path, tmp_path: Path, fuzz_examples: int | None
) -> None:
    folder = shutil.copytree(built, tmp_path / "copy")
    read_dataset(folder)

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations([(built / name).read_text()]))
    def damaged(data: bytes) -> None:
        (folder / name).write_bytes(data)
        outcome(read_dataset, folder)

    damaged()


def test_damaged_records(built: Path, tmp_path: Path, fuzz_examples: int | None) -> None:
    folder = shutil.copytree(built, tmp_path / "copy")
    (file,) = folder.glob("*training.array_record*")

    @budget(FEW, fuzz_examples)
    @given(data=mutations(file.read_bytes()))
    def damaged(data: bytes) -> None:
        file.write_bytes(data)
        outcome(read_dataset, folder)

    damaged()


def test_a_damaged_note_of_flow(tmp_path: Path, fuzz_examples: int | None) -> None:
    frames = [np.zeros((64, 64, 3), np.uint8)] * 3
    folder, note = FlowFolder(tmp_path / "clip"), tmp_path / "clip" / "flow.json"
    next(cache.fill(frames, 2, folder, "dis", source="a.mp4"))
    original = note.read_text()

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations([original]))
    def damaged(data: bytes) -> None:
        note.write_bytes(data)
        going_on = cache.fill(frames, 2, folder, "dis", source="a.mp4")
        outcome(lambda _: next(going_on), folder.clip)

    damaged()


def test_a_damaged_log_of_training(tmp_path: Path, fuzz_examples: int | None) -> None:
    file = tmp_path / "metrics.jsonl"

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations([LINES]))
    def damaged(data: bytes) -> None:
        file.write_bytes(data)
        outcome(lambda path: logs.keep_until(path, 1), file)

    damaged()


def test_a_damaged_description_of_a_network(tmp_path: Path, fuzz_examples: int | None) -> None:
    file = tmp_path / "metadata"
    wanted = Architecture(convolutions=(Convolution(2, pool=2, batch_norm=True),))

    def read(path: Path) -> None:
        found = architecture.from_dict(read_json(path), path)
        assert found.lstm_inputs > 0

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations([json.dumps(architecture.to_dict(wanted))]))
    def damaged(data: bytes) -> None:
        file.write_bytes(data)
        outcome(read, file)

    damaged()
