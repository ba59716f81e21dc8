"""A training record: a video's viewers at five samples a second, and what is salient."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.errors import InputError, reading
from dvs_jax.viewport.saliency.stored import COUNT
from dvs_jax.viewport.tracks import Track

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

SPLITS = ("training", "test")


class Record(NamedTuple):
    """Viewers of a video: NumPy arrays on the host.

    Attributes:
        video: which; a video may have several records, of different viewers.
        viewers: who, a name each, without line breaks.
        direction: float32 [viewer, step, 3], unit vectors from the video's begin (see `sphere`).
        valid: bool [viewer, step].
        points: float32 [step, 128, 4], salient points (x, y, z, value) at the same steps, not
            necessarily as many; told by nothing that these viewers did.
    """

    video: str
    viewers: tuple[str, ...]
    direction: Float[np.ndarray, "viewer step 3"]
    valid: Bool[np.ndarray, "viewer step"]
    points: Float[np.ndarray, "told 128 4"]

    def tracks(self) -> list[Track]:
        """Return the viewers' tracks."""
        each = zip(self.viewers, self.direction, self.valid, strict=True)
        return [Track(viewer, self.video, 0, *arrays) for viewer, *arrays in each]


def features_dict() -> "tfds.features.FeaturesDict":
    """Return the schema of a dataset of records."""
    # Imported here, since TFDS is slow to import and only needed to build a dataset.
    import tensorflow_datasets as tfds

    shapes: dict[str, tuple[tuple[int | None, ...], type]] = {
        "direction": ((None, None, 3), np.float32),
        "valid": ((None, None), np.bool_),
        "points": ((None, COUNT, 4), np.float32),
    }
    encoding = tfds.features.Encoding.BYTES
    tensors = {
        name: tfds.features.Tensor(shape=shape, dtype=dtype, encoding=encoding)
        for name, (shape, dtype) in shapes.items()
    }
    told = {"video": tfds.features.Text(), "viewers": tfds.features.Text()}
    return tfds.features.FeaturesDict(told | tensors)


def to_example(record: Record) -> dict[str, Any]:
    """Return a record in the schema; the viewers' names are lines."""
    return record._asdict() | {"viewers": "\n".join(record.viewers)}


def from_example(example: Mapping[str, Any]) -> Record:
    """Return the record of a dataset's element."""
    # Text is read back as bytes.
    told = {name: example[name].decode() for name in ("video", "viewers")}
    return Record(**{**example, **told, "viewers": tuple(told["viewers"].split("\n"))})


def load(folder: Path, split: str) -> list[Record]:
    """Read a dataset that `python -m data.viewport_traces` built.

    Args:
        folder: it, or one that holds it alone.
        split: "training" or "test".

    Raises:
        InputError: there is no such dataset, or it is damaged.
    """
    import tensorflow_datasets as tfds

    found = sorted(file.parent for file in folder.rglob("dataset_info.json"))
    if len(found) != 1:
        raise InputError(
            f"{folder}: holds {len(found)} datasets where one is expected; build it with `python "
            "-m data.viewport_traces`"
        )
    with reading(found[0], "is no dataset of viewers, or damaged", "build it again"):
        source = tfds.builder_from_directory(found[0]).as_data_source(split)
        return [from_example(each) for each in source]
