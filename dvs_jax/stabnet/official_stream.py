"""The official network run online, on frames and on what it made of those before."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from dvs_jax.stabnet import official_warp
from dvs_jax.stabnet.official_network import LAGS, OfficialNetwork, network_input
from dvs_jax.stabnet.official_warp import Warped

LENGTH = max(LAGS)
"""Steady frames that are kept."""


class History(NamedTuple):
    """The latest steady frames, as a ring.

    Attributes:
        steady: grey in [−0.5, 0.5], about −1 where black.
        black: 1 where a steady frame shows nothing of its source, else 0.
        oldest: the frame that is replaced next.
    """

    steady: Float[Array, "32 height width"]
    black: Float[Array, "32 height width"]
    oldest: Int[Array, ""]


def begin(first: Float[Array, "height width"]) -> History:
    """Return a history in which the first frame, grey in [−0.5, 0.5], has always been shown."""
    steady = jnp.tile(first, (LENGTH, 1, 1))
    return History(steady, jnp.zeros_like(steady), jnp.zeros((), jnp.int32))


def push(history: History, warped: Warped) -> History:
    """Return the history with one more steady frame."""
    return History(
        history.steady.at[history.oldest].set(warped.image - warped.black),
        history.black.at[history.oldest].set(warped.black),
        (history.oldest + 1) % LENGTH,
    )


def shown(
    history: History, current: Float[Array, "height width"]
) -> Float[Array, "height width 13"]:
    """Return what the network takes of the next frame, grey in [−0.5, 0.5]."""
    frame = (history.oldest - jnp.asarray(LAGS)) % LENGTH
    return network_input(history.steady[frame], history.black[frame], current)


# By default accelerators multiply matrices with 10 bits or less, and the loop adds up the errors.
@jax.default_matmul_precision("highest")
def step(
    graph: nnx.GraphDef[OfficialNetwork],
    weights: nnx.State,
    history: History,
    current: Float[Array, "height width"],
) -> tuple[History, tuple[Float[Array, "50"], Warped]]:
    """Steady one frame of one clip.

    Args:
        graph: the network's, in inference mode.
        weights: its state.
        history: of the frames before.
        current: grey in [−0.5, 0.5].

    Returns:
        The history with this frame; the network's output; and the frame as it was warped.
    """
    theta = nnx.merge(graph, weights)(shown(history, current)[None])[0]
    warped = official_warp.warp(current, theta)
    return push(history, warped), (theta, warped)


def run(
    graph: nnx.GraphDef[OfficialNetwork],
    weights: nnx.State,
    frames: Float[Array, "frame height width"],
) -> tuple[Float[Array, "steadied 50"], Warped, History]:
    """Steady all frames of one clip but the first, which is taken for steady.

    Args:
        graph: the network's, in inference mode.
        weights: its state.
        frames: grey in [−0.5, 0.5].

    Returns:
        The network's outputs, and the warped frames, both without the first frame's; and the
        history at the end.
    """

    def following(history: History, current: Array) -> tuple[History, tuple[Array, Warped]]:
        return step(graph, weights, history, current)

    history, (theta, warped) = jax.lax.scan(following, begin(frames[0]), frames[1:])
    return theta, warped, history
