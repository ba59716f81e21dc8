"""RAFT on a stream of frames; each frame is encoded once and used in both pairs it is part of."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax.flow.pair import FlowPair
from dvs_jax.flow.raft_network import STRIDE, Encoding, Raft

# The coarsest level of the correlation, an eighth of an eighth, must keep a pixel.
_SMALLEST_SIDE = 64
_PAIRS_AT_ONCE_ON_ACCELERATOR = 8

Frame = UInt8[np.ndarray, "height width 3"]
Flows = Float[Array, "pair height width 2"]


class RaftEstimator:
    """RAFT behind the interface of all estimators."""

    reads_color = True

    def __init__(
        self,
        name: str,
        network: Raft,
        *,
        iterations: int = 12,
        pairs_at_once: int | None = None,
    ):
        """Take a network to run.

        Args:
          name: what its weights are called.
          network: with its weights.
          iterations: how often each flow is refined.
          pairs_at_once: how many pairs run as one batch; by default one on a CPU, eight elsewhere.
        """
        self.name = name
        self.iterations = iterations
        on_cpu = jax.default_backend() == "cpu"
        self.pairs_at_once = pairs_at_once or (1 if on_cpu else _PAIRS_AT_ONCE_ON_ACCELERATOR)
        self.graph, self.weights = nnx.split(network)

    def pairs(self, frames: Iterable[Frame]) -> Iterator[FlowPair]:
        """Flow of each two consecutive frames; the next batch is computed while one is returned.

        Args:
          frames: uint8 RGB [height, width, 3], all of one size.
        """
        batches = self._batches(iter(frames))
        ahead = next(batches, None)
        while ahead is not None:
            (*flows, count), ahead = ahead, next(batches, None)
            # Copies, since arrays fetched from a device are read-only.
            forward, backward = (np.array(flow[:count]) for flow in jax.device_get(flows))
            yield from map(FlowPair, forward, backward)

    def _batches(self, frames: Iterator[Frame]) -> Iterator[tuple[Flows, Flows, int]]:
        first = next(frames, None)
        if first is None:
            return
        last = encode(self.graph, self.weights, jax.device_put(first))
        while batch := list(islice(frames, self.pairs_at_once)):
            stretch = jax.device_put(self._filled(batch))
            last, forward, backward = advance(
                self.graph, self.weights, last, stretch, self.iterations
            )
            yield forward, backward, len(batch)

    def _filled(self, batch: list[Frame]) -> UInt8[np.ndarray, "frame height width 3"]:
        """Pad a short last batch with its last frame, so that one compiled size serves all."""
        return np.stack(batch + batch[-1:] * (self.pairs_at_once - len(batch)))


@partial(jax.jit, static_argnums=0)
def encode(
    graph: nnx.GraphDef, weights: nnx.State, frame: UInt8[Array, "height width 3"]
) -> Encoding:
    """Encode one RGB frame of any size; see `Raft.encode`."""
    return nnx.merge(graph, weights).encode(_padded(frame))


@partial(jax.jit, static_argnums=(0, 4), static_argnames="on_demand")
def advance(
    graph: nnx.GraphDef,
    weights: nnx.State,
    last: Encoding,
    frames: UInt8[Array, "pair height width 3"],
    iterations: int,
    on_demand: bool | None = None,
) -> tuple[Encoding, Flows, Flows]:
    """Forward and backward flow of consecutive frames, each encoded once.

    Args:
      graph: the network's structure, from `nnx.split`.
      weights: the network's weights.
      last: encoding of the frame before `frames`.
      frames: consecutive frames, RGB, values 0–255.
      iterations: how often each flow is refined.
      on_demand: how the correlation is computed; see `correlation.correlate`.

    Returns:
      Encoding of the last frame; flow of each frame before one of `frames` to it; flow of each of
      `frames` to the one before; float32 (dx, dy) in pixels.
    """
    network = nnx.merge(graph, weights)
    encodings = jax.vmap(lambda frame: network.encode(_padded(frame)))(frames)
    before = jax.tree.map(
        lambda one, many: jnp.concatenate([one[None], many[:-1]]), last, encodings
    )
    both_ways = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), before, encodings)
    the_other = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), encodings, before)
    flow = jax.vmap(lambda first, second: network.flow(first, second, iterations, on_demand))(
        both_ways, the_other
    )
    forward, backward = jnp.split(_unpadded(flow, frames.shape[1:3]), 2)
    return jax.tree.map(lambda many: many[-1], encodings), forward, backward


def _margins(length: int) -> tuple[int, int]:
    padded = max(_SMALLEST_SIDE, -(-length // STRIDE) * STRIDE)
    before = (padded - length) // 2
    return before, padded - length - before


def _padded(frame: UInt8[Array, "height width 3"]) -> UInt8[Array, "newheight newwidth 3"]:
    height, width, _ = frame.shape
    return jnp.pad(frame, (_margins(height), _margins(width), (0, 0)), mode="edge")


def _unpadded(
    flow: Float[Array, "pair newheight newwidth 2"], size: tuple[int, ...]
) -> Float[Array, "pair height width 2"]:
    (top, _), (left, _) = _margins(size[0]), _margins(size[1])
    return flow[:, top : top + size[0], left : left + size[1]]
