"""PAVER's maps of a video, frame by frame."""

from collections.abc import Iterable, Iterator
from functools import partial

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax.errors import InputError
from dvs_jax.viewport.paver.network import Network
from dvs_jax.viewport.saliency import instants
from dvs_jax.viewport.saliency.instants import Frame

TOGETHER = 5
"""Consecutive frames that PAVER was trained on."""


def maps(
    network: Network,
    frames: Iterable[Frame],
    time_s: Float[np.ndarray, "frame"],
    together: int = TOGETHER,
) -> Iterator[Float[np.ndarray, "height width"]]:
    """Yield a map for each fifth of a second from the first frame to the last.

    At each instant the network sees the consecutive frames about it, and the middle one's map is
    kept. No more frames than that are held.

    Args:
        network: the weights.
        frames: equirectangular RGB of any size, in order.
        time_s: when each is shown, rising.
        together: consecutive frames, an odd number; 1 takes a fifth of the time of 5.

    Yields:
        float32, from 0 to 1.

    Raises:
        InputError: the number of frames is not odd.
    """
    require_middle(together)
    graph, params = nnx.split(network)
    height = network.of.height
    for seen in instants.around(frames, time_s, together, (2 * height, height)):
        yield np.asarray(_middle(graph, params, seen))


def require_middle(together: int) -> None:
    """Raise InputError unless so many frames have one in the middle."""
    if together < 1 or together % 2 == 0:
        raise InputError(f"{together} frames about an instant have no middle; give an odd number")


@partial(jax.jit, static_argnums=0)
def _middle(
    graph: nnx.GraphDef[Network],
    params: nnx.State,
    frames: UInt8[Array, "together height width 3"],
) -> Float[Array, "height width"]:
    return nnx.merge(graph, params)(frames)[len(frames) // 2]
