"""Files of TensorFlow Lite, written field by field."""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dvs_jax.tflite import operator_names

CUSTOM = "Convolution2DTransposeBias"


class Given(NamedTuple):
    """A tensor: its shape, and its numbers where the file holds them.

    `sparsity` is a table; `kind` is TensorFlow Lite's number of the type, told by the numbers if
    it is left out.
    """

    shape: Sequence[int]
    values: np.ndarray | None = None
    sparsity: dict[int, Any] | None = None
    kind: int | None = None


class Node(NamedTuple):
    """An operator: its name, tensors by index, options by slot, and custom options."""

    name: str
    inputs: Sequence[int]
    output: int
    options: dict[int, Any] | None = None
    custom: bytes = b""


_KINDS = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3}


def tflite(
    tensors: Sequence[Given],
    nodes: Sequence[Node],
    inputs: Sequence[int] = (0,),
    outputs: Sequence[int] | None = None,
    graphs: int = 1,
) -> bytes:
    """The bytes of a model; by default it returns what the last operator computes."""
    names = sorted({node.name for node in nodes})
    held = [tensor.values for tensor in tensors if tensor.values is not None]
    buffers = [{}, *({0: values.tobytes()} for values in held)]
    places = iter(range(1, len(buffers)))
    graph = {
        0: [_tensor(each, 0 if each.values is None else next(places)) for each in tensors],
        1: _integers(inputs),
        2: _integers([nodes[-1].output] if outputs is None else outputs),
        3: [_node(each, names) for each in nodes],
    }
    return flatbuffer({0: ("I", 3), 1: [_code(n) for n in names], 2: [graph] * graphs, 4: buffers})


def _tensor(tensor: Given, buffer: int) -> dict[int, Any]:
    kind = 0 if tensor.values is None else _KINDS[tensor.values.dtype.name]
    table = {0: _integers(tensor.shape), 1: ("b", kind if tensor.kind is None else tensor.kind)}
    table |= {2: ("I", buffer), 3: f"tensor {tensor.shape}".encode()}
    return table | ({} if tensor.sparsity is None else {6: tensor.sparsity})


def _code(name: str) -> dict[int, Any]:
    known = [operator_names.name_of(number) for number in range(127)]
    number = known.index(name) if name in known else operator_names.CUSTOM
    custom = {} if name in known else {1: name.encode()}
    return {0: ("b", min(number, 127)), 3: ("i", number)} | custom


def _node(node: Node, names: Sequence[str]) -> dict[int, Any]:
    table = {0: ("I", names.index(node.name)), 1: _integers(node.inputs)}
    table |= {2: _integers([node.output]), 5: node.custom}
    return table | ({} if node.options is None else {4: node.options})


def _integers(values: Sequence[int]) -> np.ndarray:
    return np.asarray(values, "<i4")


def rows_of(dense: np.ndarray) -> tuple[np.ndarray, dict[int, Any]]:
    """What is not 0 in a tensor, and the table that tells where it lies."""
    flat = dense.reshape(-1, dense.shape[-1])
    segments = np.concatenate([[0], np.cumsum((flat != 0).sum(1))])
    last = {0: ("b", 1), 2: ("B", 1), 3: {0: _integers(segments)}, 4: ("B", 3)}
    last |= {5: {0: np.nonzero(flat)[1].astype("u1")}}
    axes = [{0: ("b", 0), 1: ("i", length)} for length in dense.shape[:-1]]
    return flat[flat != 0], {0: _integers(range(dense.ndim)), 2: [*axes, last]}


def flatbuffer(table: dict[int, Any]) -> bytes:
    """A buffer of tables: numbers are (type, value), the rest is told by its type."""
    out = bytearray(b"\0\0\0\0TFL3")
    out[:4] = struct.pack("<I", _write(out, table))
    return bytes(out)


def _write(out: bytearray, value: Any) -> int:
    if isinstance(value, dict):
        return _write_table(out, value)
    place = len(out)
    if isinstance(value, list):
        out += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for index, each in enumerate(value):
            _refer(out, place + 4 + 4 * index, each)
    else:
        content = value if isinstance(value, bytes) else value.tobytes()
        out += struct.pack("<I", len(value)) + content
    return place


def _refer(out: bytearray, field: int, value: Any) -> None:
    out[field : field + 4] = struct.pack("<I", _write(out, value) - field)


def _write_table(out: bytearray, table: dict[int, Any]) -> int:
    entries, fields = [0] * (max(table, default=-1) + 1), b""
    for slot, value in table.items():
        entries[slot] = 4 + len(fields)
        fields += struct.pack(f"<{value[0]}", value[1]) if isinstance(value, tuple) else bytes(4)
    vtable = struct.pack(f"<{2 + len(entries)}H", 4 + 2 * len(entries), 4 + len(fields), *entries)
    out += vtable
    place = len(out)
    out += struct.pack("<i", len(vtable)) + fields
    for slot, value in table.items():
        if not isinstance(value, tuple):
            _refer(out, place + entries[slot], value)
    return place


def every_operator() -> bytes:
    """A network of all operators that are known, small."""
    draw = np.random.default_rng(0)
    tensors: list[Given] = [Given((1, 8, 8, 4))]
    nodes: list[Node] = []

    def held(values: np.ndarray, sparsity: dict[int, Any] | None = None, shape=None) -> int:
        tensors.append(Given(values.shape if shape is None else shape, values, sparsity))
        return len(tensors) - 1

    def weights(*shape: int) -> int:
        return held(draw.standard_normal(shape).astype("<f4"))

    def add(name: str, inputs: Sequence[int], shape: Sequence[int], options=None, custom=b""):
        tensors.append(Given(shape))
        nodes.append(Node(name, inputs, len(tensors) - 1, options, custom))
        return len(tensors) - 1

    def conv(x: int, w: int, b: int, shape: Sequence[int], padding=0, stride=1, activation=0):
        sides = {0: ("b", padding), 1: ("i", stride), 2: ("i", stride), 3: ("b", activation)}
        return add("CONV_2D", (x, w, b), shape, sides)

    padded = add(
        "PAD", (0, held(_integers([0, 0, 1, 1, 1, 1, 0, 0]).reshape(4, 2))), (1, 10, 10, 4)
    )
    x = conv(padded, weights(8, 3, 3, 4), weights(8), (1, 4, 4, 8), 1, 2, 3)
    sides = {0: ("b", 0), 1: ("i", 1), 2: ("i", 1), 3: ("i", 1), 4: ("b", 1)}
    x = add("DEPTHWISE_CONV_2D", (x, weights(1, 3, 3, 8), weights(8)), (1, 4, 4, 8), sides)
    even = held((draw.standard_normal((8, 3, 3, 8)) / 9.0).astype("<f4"))
    x = conv(x, even, weights(8), (1, 4, 4, 8))
    sparse = draw.standard_normal((8, 1, 1, 8)).astype("<f2") * (draw.random((8, 1, 1, 8)) < 0.3)
    filters = add("DENSIFY", (held(*rows_of(sparse), sparse.shape),), sparse.shape)
    filters = add("DEQUANTIZE", (filters,), sparse.shape)
    swished = add("HARD_SWISH", (conv(x, filters, weights(8), (1, 4, 4, 8)),), (1, 4, 4, 8))
    whole = {1: ("i", 4), 2: ("i", 4), 3: ("i", 4), 4: ("i", 4)}
    pooled = add("AVERAGE_POOL_2D", (swished,), (1, 1, 1, 8), whole)
    mean = add("MEAN", (x, held(_integers([1, 2]))), (1, 1, 1, 8), {0: ("b", 1)})
    gate = add("LOGISTIC", (add("ADD", (pooled, mean), (1, 1, 1, 8), {}),), (1, 1, 1, 8))
    x = add("RELU", (add("MUL", (swished, gate), (1, 4, 4, 8), {}),), (1, 4, 4, 8))
    size = held(_integers([8, 8]))
    larger = add("RESIZE_BILINEAR", (x, size), (1, 8, 8, 8), {3: ("b", 1)})
    spread = add("DEPTH_TO_SPACE", (x,), (1, 8, 8, 2), {0: ("i", 2)})
    both = add("CONCATENATION", (larger, spread), (1, 8, 8, 10), {0: ("i", 3)})
    pairs = {0: ("b", 1), 1: ("i", 2), 2: ("i", 2), 3: ("i", 2), 4: ("i", 2)}
    x = add("MAX_POOL_2D", (both,), (1, 4, 4, 10), pairs)
    x = add(
        CUSTOM,
        (x, weights(1, 2, 2, 10), weights(1)),
        (1, 8, 8, 1),
        None,
        struct.pack("<3i", 1, 2, 2),
    )
    x = add("RELU6", (x,), (1, 8, 8, 1))
    add("RESHAPE", (x, held(_integers([1, 64]))), (1, 64))
    return tflite(tensors, nodes)
