"""Speed of flow, network, drawing and training on an accelerator, on random data.

Each part yields the rows of one measurement at a time, so that the caller can stop in between.
Nothing here reads a video or a dataset.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike

from dvs_jax.benchmarks import device, flow, train, training_step
from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.flow.raft_network import SMALL, Raft
from dvs_jax.fused.architecture import Architecture

_TINY_NETWORK = Architecture(lstm=(8,), fusion=8, flow_size=(30, 17))
_TINY = device.Case((256, 256), 1, 1, jnp.float32, _TINY_NETWORK)

_RAFT: tuple[tuple[DTypeLike, tuple[int, int]], ...] = (
    (jnp.bfloat16, (270, 480)),
    (jnp.bfloat16, (540, 960)),
    (jnp.float32, (270, 480)),
)
"""Precision of the convolutions; height and width: a quarter of full HD, and of twice its size."""

_TINY_RAFT: tuple[tuple[DTypeLike, tuple[int, int]], ...] = (
    (jnp.bfloat16, (64, 72)),
    (jnp.float32, (64, 72)),
)

_COLUMNS = (
    Column("part"),
    Column("what"),
    Column("found", ".4g"),
    Column("at most", ".4g"),
    Column("unit"),
)


class Row(NamedTuple):
    """One measured number.

    Attributes:
        part: the group of measurements that it belongs to.
        what: the number's name.
        found: the number; NaN where there is none.
        at_most: the limit of an error; NaN where there is none.
        unit: as text.
    """

    part: str
    what: str
    found: float
    at_most: float
    unit: str


def full_hd(tiny: bool) -> Iterator[list[Row]]:
    """Time flow, network and drawing in full HD, together and each alone.

    Args:
        tiny: whether to use much smaller frames, to test that everything runs.
    """
    case = _TINY if tiny else device.Case()
    part = "flow, network, drawing, {} × {}".format(*case.size)
    milliseconds = device.measure_parts(case)
    rows = [_speed(part, what, each, "ms a frame") for what, each in milliseconds.items()]
    frames_per_s = 1000.0 / milliseconds[device.TOGETHER]
    yield [_speed(part, device.TOGETHER, frames_per_s, "frames/s"), *rows]


def raft(tiny: bool) -> Iterator[list[Row]]:
    """Time RAFT-small as a stream, both directions, transfers included; `tiny` as in `full_hd`."""
    for dtype, size in _TINY_RAFT if tiny else _RAFT:
        estimator = RaftEstimator("raft-small", random_raft(dtype), iterations=1 if tiny else 12)
        # The first row is the stream; the next ones show what batches and shared encodings save.
        speed = next(iter(flow.measure_speed([estimator], size, pairs=2 if tiny else 32)))
        what = "{}, {} × {}".format(jnp.dtype(dtype).name, *reversed(size))
        yield [_speed("RAFT-small, both directions", what, speed.pairs_per_second, "pairs/s")]


def training(tiny: bool) -> Iterator[list[Row]]:
    """Time steps of training, the data on the devices; the case that takes longest comes last."""
    batch, steps = (8, 3) if tiny else (training_step.BATCH, training_step.STEPS)
    for case in (training_step.SCALED,) if tiny else reversed(train.CASES):
        speed = training_step.measure_step(case, batch, steps)
        what = f"{case.network} network, flow {case.flow}"
        yield [_speed(f"training, windows of {steps} steps", what, speed.windows_per_s, "clips/s")]


PARTS: Mapping[str, Callable[[bool], Iterator[list[Row]]]] = {
    "flow, network, drawing": full_hd,
    "RAFT": raft,
    "training": training,
}
"""What is timed, in this order."""


def report_of(rows: Sequence[Row], remarks: Sequence[str]) -> Report:
    """Return the report of all checks and times in one table, part by part."""
    title = "flow, network, drawing and training on an accelerator"
    parts = list(dict.fromkeys(row.part for row in rows))
    together = sorted(rows, key=lambda row: parts.index(row.part))
    table = Table(title, _COLUMNS, tuple(together), drawn=())
    return Report("accelerator", (table,), remarks=tuple(remarks))


def _speed(part: str, what: str, found: float, unit: str) -> Row:
    return Row(part, what, found, float("nan"), unit)


def random_raft(dtype: DTypeLike = jnp.float32, seed: int = 2) -> Raft:
    """Return a RAFT-small of random weights, drawn without compiling an initialiser for each."""
    generator = np.random.default_rng(seed)
    graph, state = nnx.split(nnx.eval_shape(lambda: Raft(SMALL, rngs=nnx.Rngs(0), dtype=dtype)))

    def draw(shape: jax.ShapeDtypeStruct) -> jax.Array:
        scale = np.sqrt(2 / np.prod(shape.shape[:-1])) if len(shape.shape) > 1 else 0.1
        return jnp.asarray(generator.standard_normal(shape.shape) * scale, jnp.float32)

    return nnx.merge(graph, jax.tree.map(draw, state))
