"""From paths to footage: videos with their logs, and datasets of records."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation.footage import Footage, RecordFlow, of_clip, of_record
from dvs_jax.flow import Estimator
from dvs_jax.fused import record as records

DATASET_FILE = "dataset_info.json"
"""What a folder holds in which TFDS has stored a dataset."""

SPLIT = "test"


def load(
    paths: Iterable[Path], flow_estimator: str | Estimator = "auto"
) -> tuple[list[Footage], dict[str, str]]:
    """Return what can be read of these clips and datasets, and what cannot, with the reason.

    Args:
        paths: what `load_clip` reads; or the folder of a dataset of records, whose test split is
            meant.
        flow_estimator: makes flow for clips without flow files, if a network reads it.
    """
    footage, left_out = [], {}
    for path in paths:
        try:
            footage += _footage(path, flow_estimator)
        except (InputError, OSError) as error:
            left_out[str(path)] = str(error)
    return footage, left_out


def _footage(path: Path, flow_estimator: str | Estimator) -> list[Footage]:
    folders = _dataset_folders(path)
    if len(folders) > 1:
        names = ", ".join(str(folder) for folder in folders)
        raise InputError(f"{path}: holds several datasets ({names}); name the one you mean")
    if folders:
        return [*_records(folders[0])]
    return [of_clip(load_clip(path), flow_estimator)]


def _dataset_folders(path: Path) -> list[Path]:
    """Return the datasets at a path, or below it, for TFDS makes one a version and a variant."""
    for pattern in (DATASET_FILE, f"*/{DATASET_FILE}", f"*/*/{DATASET_FILE}"):
        if found := sorted(path.glob(pattern)):
            return [file.parent for file in found]
    return []


def _records(folder: Path) -> Iterator[Footage]:
    source = _source(folder)
    for index in range(len(source)):
        record = _record(folder, source, index)
        yield of_record(record, _flow_reader(folder, source, index))


def _source(folder: Path) -> Sequence[Any]:
    try:
        builder = tfds.builder_from_directory(folder)
        splits = ", ".join(builder.info.splits)
        if SPLIT in builder.info.splits:
            return builder.as_data_source(SPLIT)
    # The readers' errors are of many kinds, none of their own.
    except Exception as error:
        raise InputError(f"{folder}: is no dataset that can be read ({error})") from error
    raise InputError(f"{folder}: has no split {SPLIT!r} to evaluate, only {splits or 'none'}")


def _record(folder: Path, source: Sequence[Any], index: int) -> records.Record:
    try:
        return records.from_example(source[index])
    # The readers' errors are of many kinds, none of their own.
    except Exception as error:
        raise InputError(
            f"{folder}: record {index} of {SPLIT!r} cannot be read ({error}); build it again"
        ) from error


def _flow_reader(folder: Path, source: Sequence[Any], index: int) -> Callable[[], RecordFlow]:
    return lambda: _record(folder, source, index).flow
