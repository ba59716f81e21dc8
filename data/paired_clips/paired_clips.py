"""A TFDS builder of paired synthetic clips: steady and shaky frames, and how they differ.

Training and test clips are drawn from separate streams of random numbers, as `synthetic_clips` are.
"""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow_datasets as tfds

from data.dataset_builder import DatasetBuilder, Described
from data.paired_clips.pairing import Steadiness, paired_record
from dvs_jax import synthetic
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.training import paired_record as records
from dvs_jax.training.paired_record import PairedRecord

SPLITS = ("training", "test")


@dataclasses.dataclass(eq=False)
class PairedConfig(tfds.core.BuilderConfig):
    """A variant of the dataset.

    Attributes:
        size: width and height of its pictures.
        clips: number of clips of the training and of the test split.
        seconds: length of a clip.
    """

    size: tuple[int, int] = (0, 0)
    clips: tuple[int, int] = (0, 0)
    seconds: float = 0.0


CONFIGS = [
    PairedConfig(
        name="small",
        description="160 × 90, for small networks.",
        size=(160, 90),
        clips=(200, 20),
        seconds=3.0,
    ),
    PairedConfig(
        name="full",
        description="512 × 288, as StabNet's.",
        size=(512, 288),
        clips=(60, 8),
        seconds=3.0,
    ),
    PairedConfig(
        name="smoke",
        description="A handful of small clips, for tests.",
        size=(128, 72),
        clips=(2, 1),
        seconds=0.5,
    ),
]


class PairedClips(DatasetBuilder[PairedRecord], skip_registration=True):
    """Paired synthetic clips: scenes filmed from the same places by a shaky and a steady camera."""

    BUILDER_CONFIGS = CONFIGS

    def __init__(
        self, *, seed: int = 0, steadiness: Steadiness = "online", **options: object
    ) -> None:
        """Choose the random seed and how the steady camera knows where to turn.

        Args:
            seed: equal seeds give equal datasets.
            steadiness: "online", by frames that were, or "whole", by the whole clip.
            **options: TFDS's options, such as `config` and `data_dir`.
        """
        super().__init__(**options)
        self._seed, self._steadiness = seed, steadiness

    def features(self) -> tfds.features.FeaturesDict:
        """Return the schema for pictures of the variant's size."""
        return records.features_dict(self.builder_config.size)

    def records(
        self, downloads: tfds.download.DownloadManager
    ) -> Mapping[str, Iterator[PairedRecord]]:
        """Return the stream of each split."""
        return {split: self._records_of(split) for split in SPLITS}

    def described(self, record: PairedRecord) -> Iterator[Described]:
        """Yield the record as it is."""
        yield {"name": record.name, "frames": len(record.steady)}, record._asdict()

    def _records_of(self, split: str) -> Iterator[PairedRecord]:
        for index in range(self.builder_config.clips[SPLITS.index(split)]):
            clip = clip_of(self.builder_config, self._seed, split, index)
            name = f"{split}-{index:05}-{clip.motion}"
            yield paired_record(clip, self._steadiness, name)


def clip_of(config: PairedConfig, seed: int, split: str, index: int) -> SyntheticClip:
    """Return the description of one of a dataset's clips, independent of the others."""
    rng = np.random.default_rng([seed, 2 + SPLITS.index(split), index])
    clip = synthetic.draw(rng, config.seconds, "none", config.size)
    return dataclasses.replace(clip, ois=False, readout_time_s=0.0)
