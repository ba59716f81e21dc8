"""What changes by epoch, as tables of (first epoch, value), epochs counted from 1."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from dvs_jax.errors import InputError

Value = TypeVar("Value")
WeightTable = Sequence[tuple[int, Mapping[str, float]]]


def value_at(table: Sequence[tuple[int, Value]], epoch: int) -> Value:
    """Return the value of the last row that has begun.

    Args:
        table: rows (first epoch, value), by rising epoch, from epoch 1 on; such as a curriculum's
            ((1, 2.0), (50, 10.0)): the largest shake in degrees.
        epoch: counted from 1.

    Raises:
        InputError: the table is empty, does not begin at epoch 1 or does not rise.
    """
    require_order(table)
    return [value for first, value in table if first <= epoch][-1]


def weights_at(table: WeightTable, epoch: int) -> dict[str, float]:
    """Return the weight of every term that the table names anywhere; 0 where its row does not.

    The keys are the same in every epoch, so that a step compiled for one serves all.

    Args:
        table: rows (first epoch, weight by term), as for `value_at`.
        epoch: counted from 1.

    Raises:
        InputError: as `value_at`.
    """
    row = value_at(table, epoch)
    names = sorted({name for _, weights in table for name in weights})
    return {name: float(row.get(name, 0.0)) for name in names}


def require_order(table: Sequence[tuple[int, Value]]) -> None:
    """Raise unless the rows begin at epoch 1 and rise.

    Raises:
        InputError: they do not.
    """
    epochs = [first for first, _ in table]
    if not epochs or epochs[0] != 1 or any(later <= earlier for earlier, later in pairwise(epochs)):
        raise InputError(
            f"config: a table by epoch begins at the epochs {epochs}; let them start at 1 and rise"
        )
