"""Speed of the flow estimators, and how RAFT's time is divided."""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

from dvs_jax import flow
from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.flow import raft
from dvs_jax.flow.correlation import correlate, look_up
from dvs_jax.flow.estimation import Estimator, Frame
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.timing import median_seconds

_REPEATS = 5
_ENOUGH_SECONDS = 10.0

_SIZE = (270, 480)
_COLUMNS = (
    Column("estimator"),
    Column("device"),
    Column("pairs/s", ".2f"),
    Column("ms a pair and direction", ".0f"),
)


class Speed(NamedTuple):
    """A row of the table.

    Attributes:
      estimator: its name, and how it was run if not as a stream.
      device: that it ran on.
      pairs_per_second: pairs of frames, both directions of each.
      milliseconds: of one pair in one direction.
    """

    estimator: str
    device: str
    pairs_per_second: float
    milliseconds: float


@dataclass(frozen=True)
class TimeShares:
    """How RAFT's time for one batch is divided.

    Attributes:
      milliseconds: of one batch, from frames on the host to flow on the host.
      lookup: fraction for computing correlations and the lookups in them.
      convolution: fraction for all other computation.
      transfer: fraction for copies to and from the device.
    """

    milliseconds: float
    lookup: float
    convolution: float
    transfer: float

    def __str__(self) -> str:
        """Return them in words."""
        return (
            f"lookup {self.lookup:.0%}, convolution {self.convolution:.0%}, "
            f"transfer {self.transfer:.0%} of {self.milliseconds:.0f} ms a batch"
        )


def measure(weights: Path | None = None) -> Report:
    """Time the estimators, and the parts of RAFT.

    Args:
      weights: of RAFT, which is left out without them.

    Raises:
      InputError: the weights cannot be read.
    """
    made = estimators_with(weights)
    title = f"optical flow at {_SIZE[0]} × {_SIZE[1]}, both directions"
    table = Table(title, _COLUMNS, tuple(measure_speed(made)), drawn=("pairs/s",))
    last = made[-1]
    if not isinstance(last, RaftEstimator):
        missing = "RAFT is timed too where --weights names its weights"
        return Report("flow", (table,), remarks=(missing,))
    shares = measure_time_shares(last)
    details = {"time shares": dataclasses.asdict(shares)}
    return Report("flow", (table,), remarks=(f"{last.name}: {shares}",), details=details)


def estimators_with(weights: Path | None) -> list[Estimator]:
    """Those that need no weights, then RAFT where its weights are named."""
    made = [flow.create(name) for name in ("dis", "farneback", "tvl1")]
    return made if weights is None else [*made, flow.create(weights=weights)]


def measure_speed(
    estimators: Iterable[Estimator], size: tuple[int, int] = _SIZE, pairs: int = 8
) -> Iterator[Speed]:
    """Time estimators on a moving texture, both directions; medians of repeated runs.

    RAFT is timed as a stream in batches; as a stream of single pairs, where that is not the same;
    and as single pairs with both frames encoded each time, to show what shared encodings save.

    Args:
      estimators: what to time.
      size: height and width of the frames.
      pairs: how many pairs a run has.

    Yields:
      A row for each estimator, two or three for RAFT.
    """
    frames = moving_texture(pairs + 1, *size)
    for estimator in estimators:
        yield _row(estimator.name, estimator, frames, _stream)
        if isinstance(estimator, RaftEstimator):
            alone = _unbatched(estimator)
            if estimator.pairs_at_once > 1:
                yield _row(f"{estimator.name}, batches of one", alone, frames, _stream)
            yield _row(f"{estimator.name}, pair by pair", alone, frames, _pair_by_pair)


def measure_time_shares(estimator: RaftEstimator, size: tuple[int, int] = _SIZE) -> TimeShares:
    """Time the parts of one batch of RAFT on the default device, each alone."""
    first, *batch = moving_texture(estimator.pairs_at_once + 1, *size)
    host_frames = np.stack(batch)
    frames = jax.device_put(host_frames)
    graph, weights = estimator.graph, estimator.weights
    last = raft.encode(graph, weights, first)

    def compute() -> tuple[Array, Array]:
        return raft.advance(graph, weights, last, frames, estimator.iterations)[1:]

    flows = compute()
    whole = median_seconds(lambda: jax.block_until_ready(compute()), _REPEATS, _ENOUGH_SECONDS)
    transfer = median_seconds(
        lambda: jax.block_until_ready(jax.device_put(host_frames)), _REPEATS, _ENOUGH_SECONDS
    )
    # An array caches its value once it is fetched, so each run fetches new arrays.
    fetched = [[each + 0 for each in flows] for _ in range(_REPEATS + 1)]
    jax.block_until_ready(fetched)
    transfer += median_seconds(
        lambda: [np.asarray(each) for each in fetched.pop()], _REPEATS, _ENOUGH_SECONDS
    )
    lookup = _lookup_seconds(last.features, estimator)
    total = whole + transfer
    return TimeShares(1e3 * total, lookup / total, (whole - lookup) / total, transfer / total)


def moving_texture(count: int, height: int, width: int) -> list[Frame]:
    """Frames of a texture that moves by a few pixels a frame, uint8 RGB [height, width, 3]."""
    reach = 16
    noise = np.random.default_rng(0).standard_normal((height + reach, width + reach, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    world = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    corners = [(3 * index % reach, 5 * index % reach) for index in range(count)]
    return [
        np.ascontiguousarray(world[top : top + height, left : left + width])
        for top, left in corners
    ]


def _row(
    name: str,
    estimator: Estimator,
    frames: list[Frame],
    run: Callable[[Estimator, list[Frame]], None],
) -> Speed:
    on_device = isinstance(estimator, RaftEstimator)
    device = jax.devices()[0].device_kind if on_device else "cpu"
    seconds = median_seconds(partial(run, estimator, frames), _REPEATS, _ENOUGH_SECONDS) / (
        len(frames) - 1
    )
    return Speed(name, device, 1 / seconds, 1e3 * seconds / 2)


def _unbatched(estimator: RaftEstimator) -> RaftEstimator:
    network = nnx.merge(estimator.graph, estimator.weights)
    return RaftEstimator(estimator.name, network, iterations=estimator.iterations, pairs_at_once=1)


def _stream(estimator: Estimator, frames: list[Frame]) -> None:
    deque(estimator.pairs(frames), maxlen=0)


def _pair_by_pair(estimator: Estimator, frames: list[Frame]) -> None:
    for pair in pairwise(frames):
        _stream(estimator, list(pair))


def _lookup_seconds(
    features: Float[Array, "rows columns channel"], estimator: RaftEstimator
) -> float:
    """Time only the correlation and its lookups for one batch, both directions, in seconds."""
    rows, columns, _ = features.shape
    radius = nnx.merge(estimator.graph, estimator.weights).size.radius
    y, x = jnp.mgrid[:rows, :columns].astype(jnp.float32)
    points = jnp.stack([x, y], axis=-1)

    @jax.jit
    def look_ups(many: Float[Array, "pair rows columns channel"]) -> Array:
        def one(each: Float[Array, "rows columns channel"]) -> Array:
            correlation = correlate(each, each)

            def step(offset: Array, _: None) -> tuple[Array, None]:
                taps = look_up(correlation, points + offset, radius)
                return offset + 1e-6 * taps.mean(), None

            return lax.scan(step, jnp.float32(0), length=estimator.iterations)[0]

        return jax.vmap(one)(many)

    many = jnp.stack([features] * (2 * estimator.pairs_at_once))
    return median_seconds(lambda: jax.block_until_ready(look_ups(many)), _REPEATS, _ENOUGH_SECONDS)
