"""Sparse weights of TensorFlow Lite, written out.

Only rows in compressed form (CSR) are read: all axes dense, in order and without blocks, but the
last, of which each row holds the columns that are not 0.
"""

import numpy as np
from jaxtyping import Int, Shaped

from dvs_jax.tflite.flatbuffer import Table

_TRAVERSAL, _BLOCKS, _AXES = 0, 1, 2  # slots of SparsityParameters
_FORMAT, _LENGTH, _SEGMENTS, _INDICES = 0, 1, 2, 4  # slots of DimensionMetadata
_DENSE, _COMPRESSED = 0, 1
_INDEX_TYPES = {1: "<i4", 2: "<u2", 3: "u1"}


def densified(
    values: Shaped[np.ndarray, " value"], shape: tuple[int, ...], sparsity: Table
) -> Shaped[np.ndarray, "..."]:
    """Return a sparse tensor with its zeros.

    Args:
        values: those that are not 0, row by row.
        shape: of the whole tensor.
        sparsity: the file's SparsityParameters.

    Raises:
        ValueError: it is sparse in another way, or its lengths and indices contradict each other.
    """
    axes = list(sparsity.tables(_AXES))
    formats = [axis.number(_FORMAT, "b") for axis in axes]
    in_order = np.array_equal(sparsity.vector(_TRAVERSAL, "<i4"), range(len(shape)))
    if formats != [_DENSE] * (len(shape) - 1) + [_COMPRESSED] or not in_order:
        raise ValueError("weights are sparse in a way that is not known here")
    if len(sparsity.vector(_BLOCKS, "<i4")):
        raise ValueError("weights are sparse in blocks, which are not known here")
    if [axis.number(_LENGTH, "i") for axis in axes[:-1]] != list(shape[:-1]):
        raise ValueError("sparse weights have another shape than their tensor")
    segments, columns = _indices(axes[-1], _SEGMENTS), _indices(axes[-1], _INDICES)
    rows = int(np.prod(shape[:-1]))
    counts = np.diff(segments)
    if len(counts) != rows or segments[0] != 0 or (counts < 0).any():
        raise ValueError("the rows of sparse weights are not in order")
    if not segments[-1] == len(columns) == len(values):
        raise ValueError("sparse weights have not as many values as places")
    if len(columns) and not 0 <= columns.min() <= columns.max() < shape[-1]:
        raise ValueError("a place of sparse weights lies outside their tensor")
    dense = np.zeros((rows, shape[-1]), values.dtype)
    dense[np.repeat(np.arange(rows), counts), columns] = values
    return dense.reshape(shape)


def _indices(axis: Table, slot: int) -> Int[np.ndarray, " index"]:
    kind, holder = axis.number(slot, "B"), axis.table(slot + 1)
    if holder is None or kind not in _INDEX_TYPES:
        raise ValueError("sparse weights have indices of a type that is not known here")
    return holder.vector(0, _INDEX_TYPES[kind]).astype(np.int64)
