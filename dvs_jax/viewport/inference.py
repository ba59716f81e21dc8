"""Predicts many windows of a video at once, on all local devices."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int

from dvs_jax.viewport import saliency_points
from dvs_jax.viewport.cues import Cues, of_head
from dvs_jax.viewport.starvp.network import Network, Prediction

MOST_AT_ONCE = 256
"""Windows: memory does not grow with a video's length."""

_SCORES = 1 << 27
"""Of attention among salient points, which take most memory: half a gigabyte of them at once."""

Points = Float[np.ndarray, "step point 4"]


def predict(
    network: Network,
    past: Float[np.ndarray, "window past 3"],
    last: Int[np.ndarray, "window"],
    points: Points | None,
    cues: Cues | None = None,
    viewer: Int[np.ndarray, "window"] | None = None,
) -> Prediction:
    """Predict windows of one video; the result is on the host, [window, ...].

    The video's saliency lies on each device once; windows gather from it.

    Args:
        network: what predicts.
        past: unit vectors, five a second.
        last: the number of each window's last sample, on the video's clock.
        points: salient points (x, y, z, value) at each fifth of a second from the video's begin;
            None where nothing is known of it. Beyond their end nothing is known either.
        cues: of eyes and face, of the past's samples; None where only the head was seen.
        viewer: as `windows.numbers` tells it; None for viewers whom the network does not know.

    Raises:
        InputError: there are fewer points than the network reads.
    """
    graph, params = nnx.split(network)
    known = 0 if points is None else len(points)
    if points is None:
        points = np.zeros((1, network.of.points, 4), np.float32)
    points = saliency_points.thinned(points, network.of.points)
    whole, by_window = _layouts()
    params, points = jax.device_put((params, jnp.asarray(points)), whole)
    told = (
        *(past, last.astype(np.int32), of_head(past) if cues is None else cues),
        np.zeros(len(last), np.int32) if viewer is None else viewer,
    )
    size = min(_at_once(network), len(last))
    size += -size % jax.local_device_count()
    found = []
    for begin in range(0, len(last), size):
        # All batches have one size, so that the function is compiled once.
        chosen = np.minimum(np.arange(begin, begin + size), len(last) - 1)
        batch = jax.tree.map(lambda each, chosen=chosen: each[chosen], told)
        windows = jax.device_put(batch, by_window)
        found.append(jax.device_get(_predict(graph, params, *windows, points, known)))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(last)], *found)


@partial(jax.jit, static_argnums=0)
def _predict(
    graph: nnx.GraphDef[Network],
    params: nnx.State,
    past: Float[Array, "window past 3"],
    last: Int[Array, "window"],
    cues: Cues,
    viewer: Int[Array, "window"],
    points: Float[Array, "step point 4"],
    known: Int[Array, ""],
) -> Prediction:
    network = nnx.merge(graph, params)
    around = jnp.arange(1 - network.of.past, network.of.future + 1)

    def one(
        past: Float[Array, "past 3"], last: Int[Array, ""], cues: Cues, viewer: Int[Array, ""]
    ) -> Prediction:
        return network(past, *gathered(points, known, last + around), cues, viewer)

    return jax.vmap(one)(past, last, cues, viewer)


def gathered(
    points: Float[Array, "step point 4"], known: int | Int[Array, ""], step: Int[Array, "instant"]
) -> tuple[Float[Array, "instant point 4"], Array]:
    """Return the points of instants, and bool [instant], of which of them anything is known.

    Args:
        points: of a video's instants.
        known: how many these are; what follows is filled up.
        step: the numbers of instants, of which some may lie outside.
    """
    inside = (step >= 0) & (step < known)
    found = points[jnp.where(inside, step, 0)]
    return jnp.where(inside[:, None, None], found, 0.0), inside


def _at_once(network: Network) -> int:
    of = network.of
    return max(1, min(MOST_AT_ONCE, _SCORES // (of.steps * of.heads * of.points**2)))


def _layouts() -> tuple[NamedSharding, NamedSharding]:
    """Where what all windows share lies, and where each one's own."""
    mesh = Mesh(np.array(jax.local_devices()), ("window",))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("window"))
