"""The base of the dataset builders: schema, index, and writing of records."""

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from dvs_jax.errors import InputError, reading
from dvs_jax.fused import record
from dvs_jax.fused.record import Record

RECORDS_PER_SHARD = 64
"""Up to 8 GB with flow of the `full` size."""


@dataclasses.dataclass(eq=False)
class RecordConfig(tfds.core.BuilderConfig):
    """A variant of a dataset.

    Attributes:
        flow_size: width and height of its flow, or None without flow.
    """

    flow_size: tuple[int, int] | None = None


CONFIGS = [
    RecordConfig(
        name="full", description="Flow of 480 × 270, as the paper's.", flow_size=(480, 270)
    ),
    RecordConfig(
        name="quarter", description="Flow of 120 × 68, cheap to keep.", flow_size=(120, 68)
    ),
    RecordConfig(
        name="small",
        description="Flow of 30 × 17, enough to tell how the picture turned.",
        flow_size=(30, 17),
    ),
    RecordConfig(name="poses", description="No flow: for networks that read the gyro alone."),
]


class RecordBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A TFDS builder of `dvs_jax.fused.record.Record`; subclasses implement `records`."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = CONFIGS

    def __init__(self, **options: Any) -> None:
        """Choose the dataset's variant and folder.

        Args:
            **options: TFDS's options, such as `config` and `data_dir`.

        Raises:
            InputError: there is a damaged dataset in the folder, whose metadata TFDS reads at once.
        """
        advice = "if a dataset lies there already, remove it, or choose another folder"
        with reading(options.get("data_dir") or "data_dir", "cannot take a dataset", advice):
            super().__init__(**options)

    @abstractmethod
    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        """Return a stream of records for each split ("training", "test").

        Flow is of `self.builder_config.flow_size`, or `record.no_flow`. Long clips with flow are
        cut into pieces here, unless the stream yields pieces, to avoid whole clips in memory.
        """

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=record.features_dict(self.builder_config.flow_size),
            metadata=tfds.core.MetadataDict(),
            # The loader shuffles; here the order is kept, so that the index matches the records.
            disable_shuffling=True,
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[int, dict[str, Any]]]]:
        streams = self.records(dl_manager)
        return {split: self._generate_examples(split, streams[split]) for split in streams}

    def _download_and_prepare(
        self,
        dl_manager: tfds.download.DownloadManager,
        download_config: tfds.download.DownloadConfig,
    ) -> None:
        """Write the records as they come.

        TFDS's own writer keeps a split in memory, and needs TensorFlow for more than 1 GB.
        """
        # During this call the builder's folder is temporary; `self.info` has the final one.
        info = self._info()
        writer = tfds.core.SequentialWriter(info, RECORDS_PER_SHARD, file_format="array_record")
        streams = self._split_generators(dl_manager)
        writer.initialize_splits(list(streams))
        for split, examples in streams.items():
            shown = tfds.core.utils.tqdm(examples, desc=split, unit=" records", leave=False)
            writer.add_examples({split: (example for _, example in shown)})
        writer.close_all()
        self.info.set_splits(info.splits)

    def _generate_examples(
        self, split: str, records: Iterator[Record]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        index = self.info.metadata.setdefault(split, {"name": [], "frames": [], "shake_deg": []})
        for each in records:
            for piece in record.pieces(each):
                index["name"].append(piece.name)
                index["frames"].append(len(piece.time_ns))
                index["shake_deg"].append(float(piece.shake_deg))
                yield len(index["name"]), record.to_example(piece)
        if not index["name"]:
            raise InputError(f"{self.name}: the {split} split has no clip that can be used")


def build(builder: RecordBuilder) -> Path:
    """Write a dataset; it gets its name only when it is complete.

    Args:
        builder: made with a `data_dir` and `file_format="array_record"`.

    Returns:
        The folder that `dvs_jax.fused.loader` reads.

    Raises:
        InputError: the dataset exists, a source cannot be used, or the folder cannot be written.
    """
    folder = Path(builder.data_dir)
    if folder.exists():
        raise InputError(f"{folder}: a dataset lies there already; remove it, or choose another")
    try:
        builder.download_and_prepare(file_format="array_record")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return folder
