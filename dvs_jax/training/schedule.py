"""Schedules by epoch: tables of (first epoch, value), epochs counted from 1."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from dvs_jax.errors import InputError

Value = TypeVar("Value")
WeightTable = Sequence[tuple[int, Mapping[str, float]]]


def value_at(table: Sequence[tuple[int, Value]], epoch: int) -> Value:
    """Return the value of the last row whose first epoch is not after `epoch`.

    Args:
        table: rows (first epoch, value), by rising epoch, from epoch 1 on; such as a curriculum's
            ((1, 2.0), (50, 10.0)): the largest shake in degrees.
        epoch: counted from 1.

    Raises:
        InputError: the table is empty, does not begin at epoch 1 or does not rise.
    """
    require_order(table)
    return [value for first, value in table if first <= epoch][-1]


def weights_at(table: WeightTable, epoch: int) -> dict[str, float | None]:
    """Return the weight of every term named in the table; None if the epoch's row does not name it.

    With `leave_out_terms` the step is compiled for each set of named terms.

    Args:
        table: rows (first epoch, weight by term), as for `value_at`.
        epoch: counted from 1.

    Raises:
        InputError: as `value_at`.
    """
    row = value_at(table, epoch)
    names = sorted({name for _, weights in table for name in weights})
    return {name: float(row[name]) if name in row else None for name in names}


def require_order(table: Sequence[tuple[int, Value]]) -> None:
    """Raise unless the rows begin at epoch 1 and rise.

    Raises:
        InputError: they do not, or are not rows (first epoch, value).
    """
    try:
        epochs = [int(first) for first, _ in table]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"config: {table!r} is no table by epoch; write ((1, value), (first epoch, value), …)"
        ) from error
    rises = all(earlier < later for earlier, later in pairwise(epochs))
    if not epochs or epochs[0] != 1 or not rises:
        raise InputError(
            f"config: a table by epoch begins at the epochs {epochs}; let them start at 1 and rise"
        )


def require_weights(table: WeightTable) -> None:
    """Raise unless this is a table of weights by term.

    Raises:
        InputError: it is not.
    """
    require_order(table)
    for first, weights in table:
        numbers = weights.values() if isinstance(weights, Mapping) else [None]
        if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
            raise InputError(
                f"config.train.loss_weights: from epoch {first} on it says {weights!r}; write "
                'weights by term, such as {"follow": 10.0}'
            )
