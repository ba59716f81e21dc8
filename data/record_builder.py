"""The base of the builders of clips without frames: their schema and pieces."""

import dataclasses
from collections.abc import Iterator

import tensorflow_datasets as tfds

from data.dataset_builder import DatasetBuilder, Described
from dvs_jax.fused import record as records
from dvs_jax.fused.record import Record


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


class RecordBuilder(DatasetBuilder[Record], skip_registration=True):
    """A TFDS builder of `dvs_jax.fused.record.Record`; subclasses implement `records`.

    Flow is of `self.builder_config.flow_size`, or `record.no_flow`. Long clips with flow are cut
    into pieces here, unless the stream yields pieces, to avoid whole clips in memory.
    """

    BUILDER_CONFIGS = CONFIGS

    def features(self) -> tfds.features.FeaturesDict:
        """Return the schema, with or without flow."""
        return records.features_dict(self.builder_config.flow_size)

    def described(self, record: Record) -> Iterator[Described]:
        """Yield a clip's pieces."""
        for piece in records.pieces(record):
            told = {
                "name": piece.name,
                "frames": len(piece.time_ns),
                "shake_deg": float(piece.shake_deg),
            }
            yield told, records.to_example(piece)
