"""Clips split into stretches of a fixed number of frames, so that one compiled size serves all."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

Item = TypeVar("Item")
Tree = TypeVar("Tree")

FRAMES = 8
"""Frames in a stretch."""


class Stretch(NamedTuple):
    """Arrays of consecutive frames, padded to a fixed number.

    Attributes:
        arrays: a pytree of NumPy arrays, of the same shapes for every stretch of a program.
        frames: how many of the frames are the clip's; those after them are padding, which repeats
            the last.
    """

    arrays: Any
    frames: int


def starts(frames: int) -> Iterator[int]:
    """Yield the index of each stretch's first frame, for a clip of so many frames."""
    yield from range(0, frames, FRAMES)


def cut(tree: Any, start: int) -> Any:
    """Return one stretch of arrays [frame, ...], the last frame repeated beyond the clip's end."""
    return jax.tree.map(lambda array: array[_chosen(len(array), start)], tree)


def filled(tree: Any) -> Any:
    """Return arrays of at most a stretch's frames [frame, ...], the last frame repeated."""
    return cut(tree, 0)


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield lists of as many items as a stretch has frames; the last may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, FRAMES)):
        yield chunk


def choose(condition: Bool[Array, ""], yes: Tree, no: Tree) -> Tree:
    """Return one of two pytrees of equal shapes: the carry of a clip that begins, or goes on."""
    return jax.tree.map(lambda one, other: jnp.where(condition, one, other), yes, no)


def _chosen(frames: int, start: int) -> np.ndarray:
    return np.minimum(np.arange(start, start + FRAMES), frames - 1)
