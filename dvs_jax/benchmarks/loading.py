"""How many examples a second a config's loader makes."""

import time
from typing import NamedTuple

from ml_collections import ConfigDict

from dvs_jax.fused import train as fused
from dvs_jax.progress import Track, silently
from dvs_jax.stabgan import train as stabgan
from dvs_jax.stabnet import train as stabnet
from dvs_jax.training.batches import Batches
from dvs_jax.viewport import train as viewport

WORKERS = (1, 2, 4, 8)
"""Of loaders that have any number of them."""

_SECONDS = 2.0
_FEWEST = 8


class Loading(NamedTuple):
    """The pace of a loader.

    Attributes:
        workers: threads that make batches.
        examples_per_s: that it makes.
    """

    workers: int
    examples_per_s: float


def measure(config: ConfigDict, track: Track = silently) -> list[Loading]:
    """Time a config's loader by its number of workers; those of StabNet and others have one.

    Args:
        config: what is trained, and on which data.
        track: reports the numbers of workers.

    Raises:
        InputError: the data are missing or damaged.
    """
    counts = WORKERS if config.system == "fused" else WORKERS[:1]
    return [_measure(config, workers) for workers in track(counts, len(counts), "loading")]


def _measure(config: ConfigDict, workers: int) -> Loading:
    batches = _batches(config, workers)
    try:
        return Loading(workers, config.train.batch_size * _per_second(batches, workers))
    finally:
        if isinstance(batches, fused.Curriculum):
            batches.close()


def _batches(config: ConfigDict, workers: int) -> Batches:
    match config.system:
        case "stabgan":
            return stabgan.make_batches(config)
        case "stabnet":
            return stabnet.make_batches(config)
        case "viewport":
            return viewport.make_batches(config)
    return fused.make_batches(config, workers)


def _per_second(batches: Batches, workers: int) -> float:
    # Those that lay ready do not count.
    for _ in range(2 * workers):
        next(batches)
    count, start = 0, time.perf_counter()
    while count < _FEWEST or time.perf_counter() - start < _SECONDS:
        next(batches)
        count += 1
    return count / (time.perf_counter() - start)
