"""Batches that grow harder by epoch, stopped and gone on with anywhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from data.dataset_builder import build
from data.record_builder import RecordBuilder
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.fused import loader
from dvs_jax.fused.curriculum import Curriculum
from dvs_jax.fused.loader import Batches, Share
from dvs_jax.fused.record import Record, record_of_gyro
from dvs_jax.fused.window import Window

CLIPS = 4
BATCHES_PER_EPOCH = 3


def shaking(number: int) -> Record:
    """Return clip `number`, whose focal length is number + 1 widths and whose shake grows by it."""
    time_ns = np.arange(0, 2_200_000_000, 5_000_000)
    gyro = np.zeros((len(time_ns), 3))
    gyro[:, 1] = (number + 1) * np.sin(2 * np.pi * 4e-9 * time_ns)
    camera = Camera(focal_length=(number + 1.0, number + 1.0))
    return record_of_gyro(f"clip{number}", time_ns, gyro, camera, (100, 100), 25.0)


class Harder(RecordBuilder, skip_registration=True):
    """Clips that shake more and more."""

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        return {"training": (shaking(number) for number in range(CLIPS))}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("harder")
    return build(Harder(data_dir=folder, config="poses", file_format="array_record"))


@pytest.fixture(scope="module")
def table(dataset: Path) -> Sequence[tuple[int, float]]:
    """Epoch 1 has the two steadiest clips, epoch 2 three, the epochs from 4 on all."""
    shakes = np.array([float(shaking(number).shake_deg) for number in range(CLIPS)])
    assert np.all(np.diff(shakes) > 0)
    bounds = (shakes[:-1] + shakes[1:]) / 2
    return ((1, bounds[1]), (2, bounds[2]), (4, 90.0))


def start(dataset: Path, table: Sequence[tuple[int, float]]) -> Curriculum:
    def load(largest: float) -> Batches:
        return loader.load(
            [Share(dataset)], steps=10, batch_size=4, seed=3, largest_shake_deg=largest
        )

    return Curriculum(table, BATCHES_PER_EPOCH, load)


def clips(batch: Window) -> set[int]:
    return {round(float(focal)) - 1 for focal in batch.focal[:, 0]}


def assert_equal(one: Window, other: Window) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_no_clip_shakes_more_than_its_epoch_allows(
    dataset: Path, table: Sequence[tuple[int, float]]
) -> None:
    batches = start(dataset, table)
    epochs = [[clips(next(batches)) for _ in range(BATCHES_PER_EPOCH)] for _ in range(5)]
    seen = [set().union(*epoch) for epoch in epochs]
    assert seen == [{0, 1}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2, 3}, {0, 1, 2, 3}]


@pytest.mark.parametrize("before", [0, 1, 2, 3, 4, 6, 8, 9, 10])
def test_a_kept_position_goes_on_over_every_border(
    dataset: Path, table: Sequence[tuple[int, float]], before: int
) -> None:
    batches = start(dataset, table)
    for _ in range(before):
        next(batches)
    state = json.loads(json.dumps(batches.get_state()))
    expected = [next(batches) for _ in range(5)]
    again = start(dataset, table)
    next(again)
    again.set_state(state)
    for batch in expected:
        assert_equal(next(again), batch)


def test_a_position_asked_for_twice_is_the_same(
    dataset: Path, table: Sequence[tuple[int, float]]
) -> None:
    batches = start(dataset, table)
    for _ in range(BATCHES_PER_EPOCH):
        next(batches)
    once = batches.get_state()
    again = start(dataset, table)
    again.set_state(once)
    assert again.get_state() == once


def test_a_bound_that_leaves_no_clip_is_an_error(dataset: Path) -> None:
    with pytest.raises(InputError, match=r"every clip shakes by more than 0\.001°"):
        start(dataset, ((1, 0.001),))


@pytest.mark.parametrize("table", [(), ((2, 1.0),), ((1, 1.0), (1, 2.0)), (1.0, 2.0)])
def test_a_table_that_is_none_is_an_error(dataset: Path, table: Sequence) -> None:
    with pytest.raises(InputError, match="epoch"):
        start(dataset, table)
