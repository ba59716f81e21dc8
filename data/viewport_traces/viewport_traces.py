"""A TFDS builder of viewers of 360° videos: recorded ones from a folder, made-up ones from nothing.

No viewer and no video of the training split is in the test split. What is salient in a recorded
video is where other viewers looked, never those of the same record.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from data.dataset_builder import DatasetBuilder, Described
from dvs_jax.errors import InputError
from dvs_jax.viewport import record as records
from dvs_jax.viewport import saliency_points, splits, tracks
from dvs_jax.viewport.record import SPLITS, Record
from dvs_jax.viewport.saliency import viewers
from dvs_jax.viewport.saliency.stored import COUNT
from dvs_jax.viewport.synthetic import audience
from dvs_jax.viewport.traces import reading
from dvs_jax.viewport.tracks import Track

SHARES = (2, 1)
"""Of viewers and of videos in the training and in the test split."""


@dataclasses.dataclass(eq=False)
class TracesConfig(tfds.core.BuilderConfig):
    """A variant of the dataset.

    Attributes:
        videos: made-up videos of the training and of the test split; None for recorded ones.
        per_video: viewers of each.
    """

    videos: tuple[int, int] | None = None
    per_video: int = 6


CONFIGS = [
    TracesConfig(name="synthetic", description="Made up.", videos=(160, 40)),
    TracesConfig(name="smoke", description="A few, for tests.", videos=(2, 1), per_video=2),
    TracesConfig(name="wu", description="Wu and others, MMSys 2017: Formated_Data."),
    TracesConfig(name="david", description="David and others, MMSys 2018: H/Scanpaths."),
]


class ViewportTraces(DatasetBuilder[Record], skip_registration=True):
    """Viewers of 360° videos at five samples a second, with salient points of the videos."""

    BUILDER_CONFIGS = CONFIGS

    def __init__(self, *, source: Path | None = None, seed: int = 0, **options: object) -> None:
        """Choose where recordings lie.

        Args:
            source: folder of recordings; None for made-up viewers.
            seed: of the split, and of what is made up.
            **options: TFDS's options, such as `config` and `data_dir`.

        Raises:
            InputError: a source is missing, or given where viewers are made up.
        """
        super().__init__(**options)
        self._source, self._seed = source, seed
        recorded = self.builder_config.videos is None
        if recorded and source is None:
            raise InputError(
                f"{self.builder_config.name}: its licence keeps it from being fetched here; unpack "
                "it yourself and give the folder as --source"
            )
        if not recorded and source is not None:
            raise InputError(
                f"{source}: {self.builder_config.name} is made up; leave --source away"
            )

    def features(self) -> tfds.features.FeaturesDict:
        """Return the schema."""
        return records.features_dict()

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        """Return the stream of each split."""
        if self._source is None:
            return {split: self._made_up(number) for number, split in enumerate(SPLITS)}
        watched = [tracks.track(trace) for trace in reading.read_all([self._source])]
        parts = splits.split(watched, "both", SHARES, self._seed)
        outside = {each.viewer for each in parts[0]}
        return {
            "training": of_halves(parts[0]),
            "test": of_others(parts[1], [each for each in watched if each.viewer in outside]),
        }

    def described(self, record: Record) -> Iterator[Described]:
        """Yield the record as it is."""
        yield {"video": record.video, "viewers": len(record.viewers)}, records.to_example(record)

    def _made_up(self, number: int) -> Iterator[Record]:
        config = self.builder_config
        assert config.videos is not None
        drawn = audience.draw(2 * self._seed + number, config.videos[number], config.per_video)
        watched = [tracks.track(trace) for trace in drawn.traces]
        for name, maps in drawn.maps.items():
            of_video = [each for each in watched if each.video == name]
            yield record_of(of_video, saliency_points.of_maps(maps, COUNT))


def of_halves(watched: Sequence[Track]) -> Iterator[Record]:
    """Yield two records of each video, each with the saliency that the other half tells."""
    names = sorted({each.viewer for each in watched})
    halves = [set(names[::2]), set(names[1::2])]
    for half, other in (halves, halves[::-1]):
        chosen = [each for each in watched if each.viewer in half]
        yield from of_others(chosen, [each for each in watched if each.viewer in other])


def of_others(watched: Sequence[Track], others: Sequence[Track]) -> Iterator[Record]:
    """Yield a record of each video, with the saliency that others tell; none where none watched."""
    for video in sorted({each.video for each in watched}):
        audience_ = [each for each in others if each.video == video]
        if audience_:
            maps = viewers.maps(tracks.on_clock(audience_))
            of_video = [each for each in watched if each.video == video]
            yield record_of(of_video, saliency_points.of_maps(maps, COUNT))


def record_of(watched: Sequence[Track], points: np.ndarray) -> Record:
    """Return the record of viewers of one video."""
    direction = tracks.on_clock(watched)
    valid = np.isfinite(direction).all(axis=-1)
    names = tuple(each.viewer for each in watched)
    return Record(watched[0].video, names, np.nan_to_num(direction), valid, points)
