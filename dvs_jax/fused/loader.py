"""Batches of windows from datasets of records, determined by the seed alone.

Grain shuffles, cuts and stacks in threads ahead of the training step. The position in the stream
is a number, so a resumed run continues in the middle of an epoch with exactly the next batch.
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, SupportsIndex

import grain
import numpy as np
import tensorflow_datasets as tfds
from jaxtyping import Float16, Int

from dvs_jax import storage
from dvs_jax.errors import InputError, reading
from dvs_jax.fused import dataset_files, record, window
from dvs_jax.fused.architecture import REAL_POSES_EACH_SIDE
from dvs_jax.fused.dataset_files import Index
from dvs_jax.fused.record import Record
from dvs_jax.fused.window import Window

BATCHES_AHEAD = max(2, min(8, (os.cpu_count() or 2) // 2))
"""Batches prepared in parallel, each in a thread: it bounds the memory.

A batch of 16 windows of 50 steps takes 0.8 GB with flow of 480 × 270, 50 MB with 120 × 68."""

KEPT_BYTES = 512 << 20
"""Of a dataset's records without flow, that stay in memory: hours of poses."""

_LARGEST_SEED = 1 << 31
"""Grain takes 32 bits, and datasets have consecutive seeds."""

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class Share:
    """A dataset and its share in the mixture.

    Attributes:
        folder: the dataset's folder, or one that contains it, also in an object store.
        weight: the number of windows from this dataset is proportional to it.
        split: the name of the split to read.
    """

    folder: str | Path
    weight: float = 1.0
    split: str = "training"


class Batches(Iterator[Window]):
    """An endless stream of batches, whose position can be saved and restored."""

    def __init__(self, stream: grain.DatasetIterator[Window]) -> None:
        self._stream = stream

    def __next__(self) -> Window:
        """Return the next batch.

        Raises:
            InputError: a record is damaged.
        """
        return next(self._stream)

    def get_state(self) -> dict[str, Any]:
        """Return the position as JSON values: after the last batch returned, not prefetched."""
        return self._stream.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore a position of a stream with the same datasets, seed and batch size."""
        self._stream.set_state(state)

    def close(self) -> None:
        """Stop the threads."""
        self._stream.close()


def load(
    shares: Sequence[Share],
    *,
    steps: int,
    batch_size: int,
    seed: int,
    largest_shake_deg: float = np.inf,
    process_index: int = 0,
    process_count: int = 1,
    flow_size: tuple[int, int] | None = None,
    poses_each_side: int = REAL_POSES_EACH_SIDE,
    fusion: bool = False,
    workers: int = BATCHES_AHEAD,
) -> Batches:
    """Return an endless stream of batches of random windows.

    Every record gives one window an epoch, at another place each time. Several processes read
    their parts of the same global batches, one after the other, at the same position: so a run
    goes on with another number of them.

    Args:
        shares: the datasets to mix.
        steps: steps per window.
        batch_size: windows in a global batch, over all processes.
        seed: determines the order, the windows and their seeds; 0 to 2³¹ − 1.
        largest_shake_deg: records that shake more are left out; set by a curriculum.
        process_index: which process this is.
        process_count: how many there are.
        flow_size: width and height of the windows' flow: the dataset's, or smaller by an integer
            factor, to which it is averaged; None to leave flow out.
        poses_each_side: how many real poses a step reads before it, and as many after it.
        fusion: whether the network corrects the gyro (see `features.pose_features`).
        workers: batches prepared ahead, each in a thread.

    Returns:
        Windows of NumPy arrays with a leading axis of batch_size / process_count.

    Raises:
        InputError: a folder holds no dataset, has no such split or is damaged; no record is long
            and steady enough; its flow is of another size; or the batch is not divisible.
    """
    _check(shares, batch_size, seed, process_count)
    with_flow = flow_size is not None
    sources = [Records(share, steps, largest_shake_deg, with_flow) for share in shares]
    for source in sources:
        _require_flow(source, flow_size)
    streams = [
        grain.MapDataset.source(source).seed(seed + number).shuffle().repeat()
        for number, source in enumerate(sources)
    ]
    mixed = grain.MapDataset.mix(streams, [share.weight for share in shares])
    windows = mixed.seed(seed).random_map(
        partial(window.cut, steps=steps, each_side=poses_each_side, fusion=fusion)
    )
    if flow_size and any(source.flow_size != flow_size for source in sources):
        windows = windows.map(partial(_with_smaller_flow, size=flow_size))
    mine = windows.batch(batch_size // process_count)[process_index::process_count]
    ahead = grain.ReadOptions(num_threads=workers, prefetch_buffer_size=workers)
    return Batches(iter(mine.to_iter_dataset(ahead)))


def _check(shares: Sequence[Share], batch_size: int, seed: int, process_count: int) -> None:
    if batch_size < 1 or batch_size % process_count:
        raise InputError(
            f"a batch of {batch_size} cannot be shared by {process_count} processes; "
            "give a multiple of their number"
        )
    if not 0 <= seed < _LARGEST_SEED:
        raise InputError(f"a seed of {seed} is impossible; give 0 to {_LARGEST_SEED - 1}")
    if not shares:
        raise InputError("no dataset is named; give a folder that a builder wrote")
    for share in shares:
        if not share.weight > 0.0:
            raise InputError(f"{share.folder}: a weight of {share.weight}; give one above 0")


class Records:
    """The usable records of a split, as a random-access data source for Grain.

    Args:
        share: dataset and split.
        steps: records with fewer are left out.
        largest_shake_deg: records that shake more are left out.
        with_flow: whether records keep their flow. Without it they are small, and stay in memory
            once they have been read, up to `KEPT_BYTES`.

    Raises:
        InputError: the folder holds no dataset, has no such split or is damaged; on access, a
            record is.
    """

    def __init__(
        self,
        share: Share,
        steps: int = 1,
        largest_shake_deg: float = np.inf,
        with_flow: bool = True,
    ) -> None:
        self.folder = _at_hand(share)
        self.split = share.split
        dataset_files.require_records(self.folder)
        with reading(self.folder, dataset_files.DAMAGED, dataset_files.ADVICE):
            built = tfds.builder_from_directory(self.folder)
        self._with_flow = with_flow
        self._stored = _data_source(self.folder, built, share.split)
        index = dataset_files.read_index(self.folder, share.split)
        dataset_files.require_same_count(self.folder, share.split, index, len(self._stored))
        self._names = index.name
        self._chosen = _usable(self, index, steps, largest_shake_deg)
        self.flow_size = _flow_size(built)
        self._kept: dict[int, Record] = {}
        self._room, self._keeping = 0 if with_flow else KEPT_BYTES, threading.Lock()

    def __str__(self) -> str:
        return f"{self.folder} ({self.split})"

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: SupportsIndex) -> Record:
        number = int(self._chosen[index])
        found = self._kept.get(number)
        return self._read(number) if found is None else found

    def _read(self, number: int) -> Record:
        which = f"record {number} ({self._names[number][:60]}) of the {self.split} split"
        with reading(self.folder, f"{which} is damaged", "build the dataset again"):
            example = self._stored[number]
            if not self._with_flow:
                example.pop("flow", None)
            found = record.from_example(example)
        self._keep(number, found)
        return found

    def _keep(self, number: int, found: Record) -> None:
        # Records are drawn at random, so those that come first are as good to keep as any.
        with self._keeping:
            if self._room > 0 and number not in self._kept:
                self._room -= sum(np.asarray(field).nbytes for field in found)
                self._kept[number] = found


def _at_hand(share: Share) -> Path:
    """Return a dataset's folder on this machine; of one in an object store, a split is copied."""
    if storage.address_of(share.folder) is None:
        return find(Path(share.folder))
    home = storage.local(share.folder, lambda name: not dataset_files.is_shard(name))
    folder = find(home)
    there = Path(share.folder) / folder.relative_to(home)
    return storage.local(there, lambda name: dataset_files.is_of_split(name, share.split))


def find(folder: Path) -> Path:
    """Return the folder of the only dataset in a folder, at any depth; of versions the newest.

    Raises:
        InputError: there is none, or there are several.
    """
    found = _newest(sorted(file.parent for file in folder.rglob(dataset_files.INFO)))
    if not found:
        raise InputError(
            f"{folder}: holds no dataset; build one with `python -m data.dvs_clips` or "
            "`python -m data.synthetic_clips`"
        )
    if len(found) > 1:
        names = ", ".join(str(each.relative_to(folder)) for each in found)
        raise InputError(f"{folder}: holds several datasets ({names}); name the one you mean")
    return found[0]


def _newest(folders: Sequence[Path]) -> list[Path]:
    """Return datasets' folders without older versions of the same one."""
    versions = [each for each in folders if tfds.core.Version.is_valid(each.name)]
    versions.sort(key=lambda each: tfds.core.Version(each.name))
    newest = {each.parent: each for each in versions}
    return [each for each in folders if newest.get(each.parent, each) == each]


def _data_source(folder: Path, built: tfds.core.DatasetBuilder, split: str) -> Sequence[Any]:
    if split not in built.info.splits:
        known = ", ".join(built.info.splits)
        raise InputError(f"{folder}: has no split {split!r}; there are {known}")
    with reading(folder, dataset_files.DAMAGED, dataset_files.ADVICE):
        return built.as_data_source(split)


def _flow_size(built: tfds.core.DatasetBuilder) -> tuple[int, int] | None:
    """Return the flow's width and height, or None without flow."""
    if "flow" not in built.info.features:
        return None
    _, height, width, _ = built.info.features["flow"].shape
    return width, height


def _usable(
    source: Records, index: Index, steps: int, largest_shake_deg: float
) -> Int[np.ndarray, "chosen"]:
    """Return the indices of the records that are long and steady enough."""
    names, frames, shake_deg = index
    long_enough = frames > steps
    if not long_enough.any():
        raise InputError(
            f"{source}: no clip is as long as a window of {steps} steps, the longest has "
            f"{frames.max()} frames; train on shorter windows"
        )
    short = [name for name, fits in zip(names, long_enough, strict=True) if not fits]
    if short:
        _log.warning(
            "%s: left out, for they have fewer than %d frames: %s",
            *(source, steps + 1, _enumerated(short)),
        )
    steady = shake_deg <= largest_shake_deg
    if not (long_enough & steady).any():
        raise InputError(
            f"{source}: every clip shakes by more than {largest_shake_deg:g}°, the steadiest by "
            f"{shake_deg[long_enough].min():.3g}°; begin with a larger bound"
        )
    return np.flatnonzero(long_enough & steady)


def _enumerated(names: Sequence[str]) -> str:
    rest = len(names) - 10
    return ", ".join(names[:10]) + (f" and {rest} more" if rest > 0 else "")


def first_records(share: Share, count: int, with_flow: bool) -> list[Record]:
    """Return the first records of a split, fewer than `count` where there are no more.

    Args:
        share: dataset and split.
        count: how many.
        with_flow: whether they keep their flow.

    Raises:
        InputError: the folder holds no dataset, has no such split or is damaged.
    """
    source = Records(share, with_flow=with_flow)
    return [source[index] for index in range(min(count, len(source)))]


def _with_smaller_flow(sample: Window, size: tuple[int, int]) -> Window:
    return sample._replace(flow=smaller_flow(sample.flow, size))


def smaller_flow(
    flow: Float16[np.ndarray, "pair height width 4"], size: tuple[int, int]
) -> Float16[np.ndarray, "pair rows columns 4"]:
    """Return normalised flow averaged to a width and height that divide its own."""
    columns, rows = size
    pairs, height, width, _ = flow.shape
    cells = flow.reshape(pairs, rows, height // rows, columns, width // columns, 4)
    return cells.astype(np.float32).mean(axis=(2, 4)).astype(np.float16)


def _is_multiple(stored: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return all(many % few == 0 for many, few in zip(stored, wanted, strict=True))


def _require_flow(source: Records, wanted: tuple[int, int] | None) -> None:
    if wanted is not None and not (source.flow_size and _is_multiple(source.flow_size, wanted)):
        there = (
            "no flow" if source.flow_size is None else "flow of {} × {}".format(*source.flow_size)
        )
        raise InputError(
            f"{source}: has {there}, and the network reads {wanted[0]} × {wanted[1]}, or flow a "
            "whole number of times larger; build such a dataset, or change config.model.flow_size "
            "or config.model.flow"
        )
