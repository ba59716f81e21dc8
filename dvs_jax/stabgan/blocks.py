"""A stream of any length cut into blocks of one size that know what is around them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, PyTree

from dvs_jax import quaternion


class Block(NamedTuple):
    """Consecutive items, of which those in the middle are new.

    Attributes:
        items: a pytree of arrays [item, ...]: those around and the new ones; zero where the stream
            has not begun or has ended.
        present: bool [item], false there.
    """

    items: PyTree
    present: Bool[quaternion.Array, "item"]


def blocks(stream: Iterator[PyTree], size: int, around: int) -> Iterator[tuple[Block, int]]:
    """Yield blocks and how many of their items, from number `around` on, are new.

    Args:
        stream: pytrees of arrays, all of the same shapes.
        size: new items in each block but the last.
        around: items before them, and after them.
    """
    kept: list[Any] = [None] * around
    for item in stream:
        kept.append(item)
        if len(kept) == size + 2 * around:
            yield _block(kept), size
            kept = kept[size:]
    while len(kept) > around:
        missing = max(size + 2 * around - len(kept), 0)
        yield _block(kept + [None] * missing), min(size, len(kept) - around)
        kept = kept[size:]


def absent(like: Block) -> Block:
    """Return a block of nothing, as after the end of a stream."""
    return Block(jax.tree.map(np.zeros_like, like.items), np.zeros_like(like.present))


def _block(kept: list[Any]) -> Block:
    present = np.array([item is not None for item in kept])
    nothing = jax.tree.map(np.zeros_like, kept[int(present.argmax())])
    filled = [nothing if item is None else item for item in kept]
    return Block(jax.tree.map(lambda *each: np.stack(each), *filled), present)
