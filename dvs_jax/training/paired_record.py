"""A training record of two videos of one scene, a shaky and a steady one, and how they differ."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float16, UInt8

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

FLOW_SHARE = 4
"""Flow has a quarter of the pictures' rows and columns."""


class PairedRecord(NamedTuple):
    """Two renderings of a scene from the same places: NumPy arrays on the host.

    Positions are (x, y) from −1 at a picture's left and upper edges to 1 at its right and lower.

    Attributes:
        name: the clip's.
        rate: float32 [], frames a second.
        steady: uint8 [frame, row, column, 3], RGB, of a camera that turns smoothly.
        shaky: uint8 [frame, row, column, 3], of the camera as it shook.
        vertices: float32 [frame, 5, 5, 2], where the regularly spaced points of the steady frame,
            first and last on its edges, lie in the shaky one of its time: a backward map, exact.
        affine: float32 [frame, 2, 3], the affine map next to the same, from the steady frame's
            (x, y, 1) to the shaky one's positions.
        matches: float32 [frame, match, 4], random points of the steady frame and the same in the
            shaky one, which may lie outside it.
        steady_flow: float16 [pair, row, column, 2], exact displacement in shares of width and
            height from each steady frame to the next, at a quarter of the size.
        steady_visible: bool [pair, row, column], where the point is visible in the next frame.
        shaky_flow: float16 [pair, row, column, 2], likewise of the shaky frames.
    """

    name: str
    rate: np.float32
    steady: UInt8[np.ndarray, "frame row column 3"]
    shaky: UInt8[np.ndarray, "frame row column 3"]
    vertices: Float[np.ndarray, "frame 5 5 2"]
    affine: Float[np.ndarray, "frame 2 3"]
    matches: Float[np.ndarray, "frame match 4"]
    steady_flow: Float16[np.ndarray, "pair row2 column2 2"]
    steady_visible: Bool[np.ndarray, "pair row2 column2"]
    shaky_flow: Float16[np.ndarray, "pair row2 column2 2"]


def flow_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height of flow for pictures of a width and height."""
    return size[0] // FLOW_SHARE, size[1] // FLOW_SHARE


def features_dict(size: tuple[int, int]) -> "tfds.features.FeaturesDict":
    """Return the schema of a dataset of records with pictures of a width and height."""
    # Imported here, since TFDS is slow to import and only needed to build a dataset.
    import tensorflow_datasets as tfds

    shapes: dict[str, tuple[tuple[int | None, ...], type]] = {
        "steady": ((None, size[1], size[0], 3), np.uint8),
        "shaky": ((None, size[1], size[0], 3), np.uint8),
        "vertices": ((None, 5, 5, 2), np.float32),
        "affine": ((None, 2, 3), np.float32),
        "matches": ((None, None, 4), np.float32),
        "steady_flow": ((None, *flow_size(size)[::-1], 2), np.float16),
        "steady_visible": ((None, *flow_size(size)[::-1]), np.bool_),
        "shaky_flow": ((None, *flow_size(size)[::-1], 2), np.float16),
    }
    encoding = tfds.features.Encoding.BYTES
    tensors = {
        name: tfds.features.Tensor(shape=shape, dtype=dtype, encoding=encoding)
        for name, (shape, dtype) in shapes.items()
    }
    told = {"name": tfds.features.Text(), "rate": tfds.features.Scalar(np.float32)}
    return tfds.features.FeaturesDict(told | tensors)


def from_example(example: Mapping[str, Any]) -> PairedRecord:
    """Return the record of a dataset's element."""
    # Scalars are read back as Python scalars, and text as bytes.
    told = {"name": example["name"].decode(), "rate": np.float32(example["rate"])}
    return PairedRecord(**{**example, **told})
