"""Clips in stretches of equally many frames: what is compiled once serves clips of any length."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

Item = TypeVar("Item")

FRAMES = 8
"""Frames of a stretch."""


class Stretch(NamedTuple):
    """Some consecutive frames' arrays.

    Attributes:
        arrays: a pytree of NumPy arrays, of the same shapes for every stretch of a program.
        frames: how many of the frames are the clip's; those after them repeat the last.
    """

    arrays: Any
    frames: int


def starts(frames: int) -> Iterator[int]:
    """Yield at which frame each stretch of a clip begins."""
    yield from range(0, frames, FRAMES)


def cut(tree: Any, start: int) -> Any:
    """Return one stretch of arrays [frame, ...], the last frame repeated beyond the clip's end."""
    return jax.tree.map(lambda array: array[_chosen(len(array), start)], tree)


def filled(tree: Any) -> Any:
    """Return arrays of at most a stretch's frames [frame, ...], the last frame repeated."""
    return cut(tree, 0)


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield things by the stretch."""
    rest = iter(items)
    while chunk := list(islice(rest, FRAMES)):
        yield chunk


def _chosen(frames: int, start: int) -> np.ndarray:
    return np.minimum(np.arange(start, start + FRAMES), frames - 1)
