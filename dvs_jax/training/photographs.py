"""Batches of examples made of photographs: random pieces of a folder's pictures, and a seed."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8, UInt32
from ml_collections import ConfigDict

from dvs_jax import quaternion, storage
from dvs_jax.synthetic.paired import pieces
from dvs_jax.training import parallel

PIECE = 512
"""Sides of the pieces, in pixels."""

PHOTOGRAPHS = 4
"""Pieces from which one scene is made."""


class Example(NamedTuple):
    """What a scene and a camera's way past it are drawn from.

    Attributes:
        seed: uint32, of all that is drawn.
        photographs: uint8 [photograph, rows, columns] in grey, or [photograph, 3, rows, columns]
            in RGB: pieces of photographs.
    """

    seed: UInt32[quaternion.Array, ""]
    photographs: UInt8[quaternion.Array, "photograph *channel rows columns"]


class Batches:
    """An endless stream of batches, of which each depends on the seed and its number alone."""

    def __init__(self, folder: Path, count: int, batch_size: int, seed: int, colour: bool = False):
        """Cut the pieces.

        Args:
            folder: of photographs.
            count: pieces to draw from, which stay in memory.
            batch_size: examples of a global batch, of which this process loads its part.
            seed: of everything that is random.
            colour: whether they are RGB; else they are grey.

        Raises:
            InputError: the folder is missing or empty, or a picture cannot be read.
        """
        self._pieces = pieces(folder, np.random.default_rng(seed), count, PIECE, colour)
        self._batch_size, self._seed, self._number = batch_size, seed, 0

    def __next__(self) -> Example:
        """Return the next batch, [example, ...]."""
        # All draw the same, whoever takes which part, so that others can go on with a run.
        rng = np.random.default_rng((self._seed, 0, self._number))
        self._number += 1
        return examples(rng, self._pieces, self._batch_size, parallel.own_part(self._batch_size))

    def get_state(self) -> int:
        """Return the number of batches that were taken."""
        return self._number

    def set_state(self, state: Any) -> None:
        """Go on after so many batches."""
        self._number = int(state)


def make_batches(config: ConfigDict, colour: bool = False) -> Batches:
    """Return this process' endless stream of batches, as a config says.

    Args:
        config: of a network that is trained on photographs.
        colour: whether they are RGB; else they are grey.

    Raises:
        InputError: the photographs are missing, or one cannot be read.
    """
    folder = storage.local(config.data.photographs)
    return Batches(folder, config.data.pieces, config.train.batch_size, config.train.seed, colour)


def examples(
    rng: np.random.Generator, pieces: np.ndarray, count: int, part: slice = slice(None)
) -> Example:
    """Draw examples, and return a part of them, [example, ...]."""
    chosen = rng.integers(len(pieces), size=(count, PHOTOGRAPHS))
    seed = rng.integers(2**32, size=count, dtype=np.uint32)
    return Example(seed[part], pieces[chosen[part]])
