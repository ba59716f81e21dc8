"""Queues of fixed length, whose newest item is the last."""

import jax.numpy as jnp
from jaxtyping import Array, Shaped


def pushed(
    queue: Shaped[Array, "item ..."], item: Shaped[Array, "..."]
) -> Shaped[Array, "item ..."]:
    """Return a queue without its oldest item and with a new one, of the queue's type."""
    return jnp.concatenate([queue[1:], item[None].astype(queue.dtype)])
