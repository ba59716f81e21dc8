"""TensorFlow Lite's model files (`.tflite`) and MediaPipe's bundles of them (`.task`).

Slots are numbered as in TensorFlow Lite's schema, version 3 (its lite/schema/schema.fbs).
"""

import math
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Shaped

from dvs_jax.bounded_file import read_bytes, require_regular
from dvs_jax.errors import InputError, reading
from dvs_jax.tflite.flatbuffer import Table, root
from dvs_jax.tflite.operator_names import CUSTOM, name_of
from dvs_jax.tflite.sparsity import densified

LARGEST_FILE = 256 << 20
"""Bytes; BlazePose's largest bundle has 30 million."""

MOST_ELEMENTS = 1 << 24
"""Of one tensor; the networks that are known have less than two million."""

MOST_WEIGHTS = 1 << 26
"""Of all tensors that a file holds together: a few bytes may declare many that are sparse."""

_Item = TypeVar("_Item")

_LONGEST_NAME = 60
_MOST_AXES = 6
_IDENTIFIER = b"TFL3"
_DTYPES = {0: "<f4", 1: "<f2", 2: "<i4"}


class Tensor(NamedTuple):
    """A tensor of a graph.

    Attributes:
        shape: lengths of its axes, all at least 1.
        constant: what the file holds of it, float32, float16 or int32, with zeros where it is
            sparse; None for what is computed.
    """

    shape: tuple[int, ...]
    constant: Shaped[np.ndarray, "..."] | None


class Operator(NamedTuple):
    """A node of a graph.

    Attributes:
        name: as in TensorFlow Lite; for a custom operator, its own.
        inputs: indices of tensors.
        output: index of the tensor that it computes.
        options: the table of its builtin options, None where it has none.
        custom_options: bytes that a custom operator understands.
    """

    name: str
    inputs: tuple[int, ...]
    output: int
    options: Table | None
    custom_options: bytes


class Model(NamedTuple):
    """A graph as it stands in a file, all indices within its tensors.

    Attributes:
        tensors: all of them.
        operators: in the order in which they run.
        inputs: indices of the tensors that are given to it.
        outputs: indices of the tensors that it returns.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def content_of(path: Path, member: str | None = None) -> bytes:
    """Return the bytes of a model.

    Args:
        path: a `.tflite` file, or with `member` a `.task` bundle, which is a zip archive.
        member: a model's name in it.

    Raises:
        InputError: it cannot be read, is too large, is no zip archive, or has no such member.
    """
    if member is None:
        return read_bytes(path, LARGEST_FILE)
    require_regular(path)
    with (
        reading(path, "no bundle of models (a zip archive), or damaged", "fetch it again"),
        zipfile.ZipFile(path) as archive,
    ):
        if member not in archive.namelist():
            raise InputError(f"{path}: holds no {member}, so this is another kind of bundle")
        if archive.getinfo(member).file_size > LARGEST_FILE:
            raise InputError(f"{path}: its {member} has more than {LARGEST_FILE} bytes")
        return archive.read(member)


def parse(data: bytes) -> Model:
    """Read the graph of a model.

    Args:
        data: the content of a `.tflite` file.

    Raises:
        ValueError: it is none, is damaged, or has something that is not known here.
    """
    model = root(data, _IDENTIFIER)
    graphs = list(model.tables(2))
    if len(graphs) != 1:
        raise ValueError(f"it has {len(graphs)} graphs, not one")
    buffers = [buffer.vector(0, "u1") for buffer in model.tables(4)]
    tensors = tuple(_tensors(graphs[0].tables(0), buffers))
    names = [_name(code) for code in model.tables(1)]
    operators = tuple(_operator(each, names, len(tensors)) for each in graphs[0].tables(3))
    inputs, outputs = (_indices(graphs[0], slot, len(tensors)) for slot in (1, 2))
    if not inputs or not outputs:
        raise ValueError("its graph has no input, or no output")
    return Model(tensors, operators, inputs, outputs)


def _tensors(
    tables: Iterator[Table], buffers: Sequence[Shaped[np.ndarray, " byte"]]
) -> Iterator[Tensor]:
    weights = 0
    for table in tables:
        tensor = _tensor(table, buffers)
        weights += 0 if tensor.constant is None else tensor.constant.size
        if weights > MOST_WEIGHTS:
            raise ValueError(f"it has more than {MOST_WEIGHTS} weights")
        yield tensor


def _tensor(table: Table, buffers: Sequence[Shaped[np.ndarray, " byte"]]) -> Tensor:
    shape = tuple(table.vector(0, "<i4").tolist())
    if len(shape) > _MOST_AXES or min(shape, default=1) < 1 or math.prod(shape) > MOST_ELEMENTS:
        raise ValueError(f"the tensor {_shown(table.text(3))} has an impossible shape")
    buffer = _at(buffers, table.number(2, "I"))
    if not len(buffer):
        return Tensor(shape, None)
    kind = table.number(1, "b")
    if kind not in _DTYPES:
        raise ValueError(
            f"the tensor {_shown(table.text(3))} has numbers of type {kind}, not float32, float16 "
            "or int32: quantised networks are not known here"
        )
    if len(buffer) % np.dtype(_DTYPES[kind]).itemsize:
        raise ValueError(f"the tensor {_shown(table.text(3))} is cut short")
    return Tensor(shape, _constant(buffer.view(_DTYPES[kind]), shape, table))


def _constant(
    values: Shaped[np.ndarray, " value"], shape: tuple[int, ...], table: Table
) -> Shaped[np.ndarray, "..."]:
    sparsity = table.table(6)
    if sparsity is None and len(values) != math.prod(shape):
        raise ValueError(f"the tensor {_shown(table.text(3))} has not as many numbers as its shape")
    if not np.isfinite(values).all():
        raise ValueError(f"the tensor {_shown(table.text(3))} holds values that are not finite")
    return values.reshape(shape) if sparsity is None else densified(values, shape, sparsity)


def _name(code: Table) -> str:
    # Newer files have codes above 127 in a field of their own, and the old one says 127.
    builtin = max(code.number(0, "b"), code.number(3, "i"))
    return code.text(1) if builtin == CUSTOM else name_of(builtin)


def _operator(table: Table, names: Sequence[str], count: int) -> Operator:
    name = _at(names, table.number(0, "I"))
    outputs = _indices(table, 2, count)
    if len(outputs) != 1:
        raise ValueError(f"its operator {_shown(name)} has {len(outputs)} outputs, not one")
    options = table.table(4)
    custom_options = table.vector(5, "u1").tobytes()
    return Operator(name, _indices(table, 1, count), outputs[0], options, custom_options)


def _indices(table: Table, slot: int, count: int) -> tuple[int, ...]:
    indices = tuple(table.vector(slot, "<i4").tolist())
    if not all(0 <= index < count for index in indices):
        raise ValueError("it refers to a tensor that it does not have")
    return indices


def _at(items: Sequence[_Item], index: int) -> _Item:
    if index >= len(items):
        raise ValueError("it refers to a buffer or operator that it does not have")
    return items[index]


def _shown(name: str) -> str:
    return repr(name[:_LONGEST_NAME])
