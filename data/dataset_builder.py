"""The base of the dataset builders: index, and writing of records."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import tensorflow_datasets as tfds

from dvs_jax.errors import InputError, reading

RECORDS_PER_SHARD = 64
"""Up to 8 GB with flow of the `full` size."""

Kind = TypeVar("Kind")
Described = tuple[dict[str, Any], dict[str, Any]]
"""What the index tells of a record, and the record in the schema."""


class DatasetBuilder(tfds.core.GeneratorBasedBuilder, Generic[Kind], skip_registration=True):
    """A TFDS builder that streams; subclasses implement `records`, `features` and `described`."""

    VERSION = tfds.core.Version("1.0.0")

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
    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Kind]]:
        """Return a stream of records for each split ("training", "test")."""

    @abstractmethod
    def features(self) -> tfds.features.FeaturesDict:
        """Return the schema of `self.builder_config`."""

    @abstractmethod
    def described(self, record: Kind) -> Iterator[Described]:
        """Yield what is stored of a record: one or more pieces, and what the index tells of each.

        The index has the same entries for all.
        """

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=self.features(),
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
        self, split: str, records: Iterator[Kind]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        index: dict[str, list[Any]] = self.info.metadata.setdefault(split, {})
        count = 0
        for record in records:
            for told, example in self.described(record):
                count += 1
                for name, value in told.items():
                    index.setdefault(name, []).append(value)
                yield count, example
        if not count:
            raise InputError(f"{self.name}: the {split} split has no clip that can be used")


def build(builder: DatasetBuilder) -> Path:
    """Write a dataset; it gets its name only when it is complete.

    Args:
        builder: made with a `data_dir` and `file_format="array_record"`.

    Returns:
        The folder that a loader reads.

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
