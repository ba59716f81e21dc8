"""Checks a dataset's metadata files before TFDS acts on them."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import json_format
from jaxtyping import Float, Int
from tensorflow_datasets.core.proto import dataset_info_pb2

from dvs_jax.bounded_file import read_bytes
from dvs_jax.errors import InputError, reading
from dvs_jax.fused import record

DAMAGED, ADVICE = "the dataset cannot be read", "build it again"

INFO, FEATURES, INDEX = "dataset_info.json", "features.json", "metadata.json"

_FORMAT = "array_record"
_LARGEST_BYTES = 16 << 20
_LARGEST_SIDE = 8192
_MOST_FILES = 10_000
# Without a path, and without a width to which a part would be filled up.
_TEMPLATE = re.compile(r"(?:\{[A-Z_]+\}|[\w.-]){0,200}")
_NAME = re.compile(r"\w{1,200}")
_VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}")


class Index(NamedTuple):
    """An index of a split's records, which is read without reading them.

    Attributes:
        name: each record's name.
        frames: int64 [record], frames per record.
        shake_deg: float64 [record], see `record.shake_deg`.
    """

    name: list[str]
    frames: Int[np.ndarray, "record"]
    shake_deg: Float[np.ndarray, "record"]


def is_shard(name: str) -> bool:
    """Return whether a dataset's file holds records."""
    return f".{_FORMAT}" in name


def is_of_split(name: str, split: str) -> bool:
    """Return whether a dataset's file is needed to read a split."""
    return not is_shard(name) or f"-{split}.{_FORMAT}" in name


def require_records(folder: Path) -> None:
    """Raise unless a folder's metadata describe a dataset of `record.Record`.

    TFDS imports whatever modules a dataset's features.json names.

    Raises:
        InputError: they are damaged, too large, or describe another dataset.
    """
    with reading(folder, DAMAGED, ADVICE):
        described = _json(folder / FEATURES)
        _require_files(json_format.ParseDict(_json(folder / INFO), dataset_info_pb2.DatasetInfo()))
        without_flow = record.features_dict(None).to_proto()
        found = json_format.ParseDict(described, type(without_flow)())
        wanted = record.features_dict(_flow_size(found)).to_proto()
        if found != wanted:
            raise ValueError(f"{FEATURES} tells of other features than training records have")


def _require_files(info: dataset_info_pb2.DatasetInfo) -> None:
    """Raise unless a dataset's metadata determine the names of its files, and these are few."""
    if info.file_format != _FORMAT:
        raise ValueError(f"its records are no {_FORMAT} files")
    if sum(len(split.shard_lengths) for split in info.splits) > _MOST_FILES:
        raise ValueError(f"{INFO} tells of more than {_MOST_FILES} files")
    templates = [split.filepath_template for split in info.splits]
    if not all(map(_TEMPLATE.fullmatch, templates)) or not _NAME.fullmatch(info.name):
        raise ValueError(f"{INFO} tells of impossible names of files")
    if not _VERSION.fullmatch(info.version):
        raise ValueError(f"{INFO} tells of an impossible version")


def _flow_size(features: Any) -> tuple[int, int] | None:
    """Return the width and height of the flow in a TFDS feature description."""
    known = features.features_dict.features
    if "flow" not in known:
        return None
    _, height, width, _ = known["flow"].tensor.shape.dimensions
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise ValueError(f"{FEATURES} tells of flow of {width} × {height}")
    return width, height


def read_index(folder: Path, split: str) -> Index:
    """Return the index that the builder wrote of a split.

    Raises:
        InputError: there is no index of that split, or it is damaged or too large.
    """
    complaint = f"has no index of its {split} split in {INDEX}, or a damaged one"
    with reading(folder, complaint, ADVICE):
        noted = _json(folder / INDEX)[split]
        names = noted["name"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError("its names are no texts")
        frames = np.array(noted["frames"], np.int64)
        shake = np.array(noted["shake_deg"], np.float64)
        if frames.ndim != 1 or shake.ndim != 1 or not (np.isfinite(shake).all() and names):
            raise ValueError("its numbers are none")
    return Index(names, frames, shake)


def _json(file: Path) -> Any:
    content = read_bytes(file, _LARGEST_BYTES)
    with reading(file, DAMAGED, ADVICE):
        return json.loads(content)


def require_same_count(folder: Path, split: str, index: Index, count: int) -> None:
    """Raise InputError unless the index has as many records as the files."""
    if {len(each) for each in index} != {count}:
        raise InputError(
            f"{folder}: the index names {len(index.name)} records of the {split} split, the files "
            f"hold {count}; {ADVICE}"
        )
