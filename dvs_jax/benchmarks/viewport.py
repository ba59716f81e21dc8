"""Speed of predicting viewports: a step while a viewer watches, many windows, PAVER's maps."""

import math
import time
from collections.abc import Iterator
from statistics import median

import jax
import numpy as np
from flax import nnx

from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.timing import median_seconds
from dvs_jax.viewport import inference, live, sphere, tracks
from dvs_jax.viewport.models import load_model
from dvs_jax.viewport.paver import architecture as paver
from dvs_jax.viewport.paver import stream
from dvs_jax.viewport.paver.network import Network as Paver
from dvs_jax.viewport.saliency.stored import COUNT
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network

BATCHES = (1, 64, 1024)

_RATE = 72.0
"""Samples a second, as a headset logs them."""

_STEPS = 400
_WARMING = 5
_RUNS = 5
_ENOUGH_S = 10.0
_LONGEST_S = 30.0

_LIVE = (
    Column("network"),
    Column("parameters", ",d"),
    Column("median ms", ".2f"),
    Column("99 % ms", ".2f"),
)
_MANY = (Column("network"), Column("windows", "d"), Column("seconds", ".4f"),
         Column("windows/s", ",.0f"))  # fmt: skip
_MAPS = (Column("frames about an instant", "d"), Column("seconds", ".2f"),
         Column("instants/s", ".2f"), Column("frames/s", ".2f"))  # fmt: skip


def measure(small: str = "viewport") -> Report:
    """Time the shipped network and the paper's, and PAVER of the published sizes.

    Args:
        small: the name or folder of the former.

    Raises:
        InputError: there is no such network.
    """
    networks = {
        "small": load_model(small),
        "full": Network(Architecture(), nnx.Rngs(0)),
    }
    stepped = [(name, _size(each), *live_ms(each)) for name, each in networks.items()]
    batched = [row for name, each in networks.items() for row in _batches(name, each)]
    return Report(
        "viewport",
        (
            Table("a live step", _LIVE, tuple(stepped), drawn=("median ms", "99 % ms")),
            Table("windows of one video", _MANY, tuple(batched), drawn=("windows/s",)),
            Table("PAVER's maps", _MAPS, tuple(paver_maps()), drawn=("frames/s",)),
        ),
    )


def paver_maps(
    of: paver.Architecture = paver.Architecture(),  # noqa: B008
) -> Iterator[tuple[int, float, float, float]]:
    """Rows of PAVER with one frame about each instant, and with as many as it was trained on."""
    network = Paver(of, nnx.Rngs(0))
    for together in (1, stream.TOGETHER):
        seconds = _map_s(network, together)
        yield together, seconds, 1.0 / seconds, together / seconds


def _map_s(network: Paver, together: int) -> float:
    """Return the seconds that a map takes of which so many frames are seen."""
    shape = network.of.height, 2 * network.of.height, 3
    frames = np.random.default_rng(0).integers(0, 256, (together, *shape), np.uint8)
    time_s = np.arange(together) / _RATE
    return median_seconds(
        lambda: list(stream.maps(network, frames, time_s, together)), _RUNS, _ENOUGH_S
    )


def live_ms(network: Network, steps: int = _STEPS) -> tuple[float, float]:
    """Return the median and the 99th percentile of a step's milliseconds, after compilation."""
    rng = np.random.default_rng(0)
    state = live.start(network, _points(rng))
    yaw = np.cumsum(rng.normal(0.0, 0.01, steps + _WARMING))
    taken = []
    for number, direction in enumerate(sphere.from_yaw_pitch(yaw, 0.0 * yaw)):
        begin = time.perf_counter()
        state, seen = live.step(state, number / _RATE, direction)
        jax.block_until_ready((state, seen))
        taken.append(1000.0 * (time.perf_counter() - begin))
        if number > _WARMING + 20 and sum(taken[_WARMING:]) > 1000.0 * _ENOUGH_S:
            break
    return float(median(taken[_WARMING:])), float(np.percentile(taken[_WARMING:], 99))


def _batches(name: str, network: Network) -> Iterator[tuple[str, int, float, float]]:
    """Rows of growing batches; NaN for those that would take too long."""
    each_s = 0.0
    for batch in BATCHES:
        seconds = math.nan if each_s * batch > _LONGEST_S else _batch_s(network, batch)
        each_s = each_s if math.isnan(seconds) else seconds / batch
        yield name, batch, seconds, batch / seconds


def _batch_s(network: Network, batch: int) -> float:
    rng = np.random.default_rng(0)
    past = sphere.normalize(rng.normal(size=(batch, network.of.past, 3))).astype(np.float32)
    last, points = rng.integers(20, 100, batch), _points(rng)

    def run() -> object:
        return inference.predict(network, past, last, points)

    return median_seconds(run, _RUNS, _ENOUGH_S)


def _points(rng: np.random.Generator) -> np.ndarray:
    """Salient points of half a minute."""
    found = rng.normal(size=(30 * tracks.RATE, COUNT, 4)).astype(np.float32)
    found[..., :3] = sphere.normalize(found[..., :3])
    return found


def _size(network: Network) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
