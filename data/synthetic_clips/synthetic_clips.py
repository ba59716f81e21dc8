"""A TFDS builder of synthetic clips: sensors and flow, no frames.

Training and test clips are drawn from separate streams of random numbers, so none is in both, and
none has a small seed that a user might choose. Half of the clips with flow have severe sensor
faults, from which a network learns to use flow, and half have none, from which it learns to trust
the gyro. Clips without flow have ordinary faults. For training there are a fifth more clips from
drones and bicycles, and, with gyro logs of real cameras, another fifth that turn as recorded.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds
from jaxtyping import Float16

from data.record_builder import RecordBuilder, RecordConfig
from data.synthetic_clips import inertial
from dvs_jax import synthetic
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import record
from dvs_jax.fused.record import Record
from dvs_jax.synthetic import SyntheticClip, draw_flow_faults, spoil
from dvs_jax.synthetic.variety import Faults

SPLITS = ("training", "test")

EXTRA_SHARE = 0.2
"""Training clips from drones and bicycles, and as many that turn as recorded, over the others."""


@dataclasses.dataclass(eq=False)
class SyntheticConfig(RecordConfig):
    """A variant of the dataset.

    Attributes:
        clips: number of clips of the training and of the test split, without extra ones.
        seconds: length of their clips.
    """

    clips: tuple[int, int] = (0, 0)
    seconds: tuple[float, float] = (0.0, 0.0)


CONFIGS = [
    SyntheticConfig(
        name="poses",
        description="No flow: for networks that read the gyro alone.",
        clips=(2000, 100),
        seconds=(6.0, 10.0),
    ),
    SyntheticConfig(
        name="quarter",
        description="Flow of 120 × 68, cheap to keep.",
        flow_size=(120, 68),
        clips=(600, 40),
        seconds=(2.7, 6.0),
    ),
    SyntheticConfig(
        name="small",
        description="Flow of 30 × 17, enough to tell how the picture turned.",
        flow_size=(30, 17),
        clips=(2000, 60),
        seconds=(2.7, 6.0),
    ),
    SyntheticConfig(
        name="full",
        description="Flow of 480 × 270, as the paper's.",
        flow_size=(480, 270),
        clips=(24, 4),
        seconds=(2.7, 4.0),
    ),
    SyntheticConfig(
        name="smoke",
        description="A handful of small clips, for tests.",
        flow_size=(120, 68),
        clips=(6, 2),
        seconds=(2.2, 2.2),
    ),
]


class SyntheticClips(RecordBuilder, skip_registration=True):
    """Synthetic clips: gyro logs, the true path, and exact flow with an estimator's errors."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES: ClassVar = {
        "1.0.0": "Cameras in hands, on tripods and in cars.",
        "1.1.0": "Training clips from drones and bicycles too, by slow gyros whose clocks drift.",
    }
    BUILDER_CONFIGS = CONFIGS

    def __init__(self, *, seed: int = 0, imu: Sequence[Path] = (), **options: object) -> None:
        """Choose the random seed and additional gyro logs.

        Args:
            seed: equal seeds give equal datasets.
            imu: gyro logs of real cameras, as which the cameras of `EXTRA_SHARE` more clips of
                the training split turn.
            **options: TFDS's options, such as `config` and `data_dir`.

        Raises:
            InputError: a gyro log cannot be used.
        """
        super().__init__(**options)
        self._seed = seed
        self._recorded = inertial.read(imu, self.builder_config.seconds[0])

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        """Return the stream of each split."""
        return {split: self._records_of(split) for split in SPLITS}

    def _records_of(self, split: str) -> Iterator[Record]:
        for name, clip in self._clips_of(split):
            yield record_of(clip, f"{split}-{name}", self.builder_config.flow_size)

    def _clips_of(self, split: str) -> Iterator[tuple[str, SyntheticClip]]:
        config = self.builder_config
        for index in range(config.clips[SPLITS.index(split)]):
            clip = clip_of(config, self._seed, split, index)
            yield f"{index:05}-{clip.motion}", clip
        if split == "training":
            yield from self._extra_clips()

    def _extra_clips(self) -> Iterator[tuple[str, SyntheticClip]]:
        config = self.builder_config
        for index in range(round(EXTRA_SHARE * config.clips[0])):
            clip = action_camera_clip(config, self._seed, index)
            yield f"action-{index:05}-{clip.motion}", clip
            if self._recorded:
                turned = turned_clip(config, self._seed, self._recorded, index)
                yield f"recorded-{index:05}", turned


def clip_of(config: SyntheticConfig, seed: int, split: str, index: int) -> SyntheticClip:
    """Return the description of one of a dataset's clips, independent of the others."""
    number = SPLITS.index(split)
    rng = np.random.default_rng([seed, number, index])
    return synthetic.draw(rng, config.seconds[number], _faults(config, index))


def action_camera_clip(config: SyntheticConfig, seed: int, index: int) -> SyntheticClip:
    """Return the description of one of the clips from drones and bicycles (see `clip_of`)."""
    rng = np.random.default_rng([seed, len(SPLITS) + 1, index])
    return synthetic.draw_action_camera(rng, config.seconds[0], _faults(config, index))


def turned_clip(
    config: SyntheticConfig, seed: int, recorded: Sequence[CameraPath], index: int
) -> SyntheticClip:
    """Return the description of one of the clips whose camera turns as recorded (see `clip_of`)."""
    rng = np.random.default_rng([seed, len(SPLITS), index])
    clip = synthetic.draw(rng, config.seconds[0], _faults(config, index))
    return inertial.turned(clip, recorded, rng)


def _faults(config: SyntheticConfig, index: int) -> Faults:
    if config.flow_size is None:
        return "ordinary"
    return "severe" if index % 2 else "none"


def record_of(clip: SyntheticClip, name: str, flow_size: tuple[int, int] | None) -> Record:
    """Return a clip's record, with degraded flow of a width and height, or without flow."""
    sensors = synthetic.sensor_log(clip)
    # Without a log, lens shifts look like rotations of the camera.
    truth = synthetic.aligned_true_path(clip) if clip.ois_log else synthetic.shown_path(clip)
    shift = synthetic.lens_shift(clip) if clip.ois_log else None
    flow = record.no_flow(clip.frame_count - 1) if flow_size is None else _flow_of(clip, flow_size)
    return record.record_of_path(
        name, sensors.gyro, truth.time_ns, sensors.camera, clip.size, flow, truth.quaternion, shift
    )


def _flow_of(
    clip: SyntheticClip, size: tuple[int, int]
) -> Float16[np.ndarray, "pair height width 4"]:
    """Return the flow with an estimator's errors, normalised."""
    rng = np.random.default_rng([clip.seed, 60])
    faults = draw_flow_faults(rng)
    scale = np.array(size * 2, np.float32)
    pairs = (spoil(exact, faults, rng) / scale for exact in synthetic.bulk_flow(clip, size))
    return np.stack([pair.astype(np.float16) for pair in pairs])
