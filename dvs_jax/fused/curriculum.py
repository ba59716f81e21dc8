"""Curriculum learning: first the clips that shake little, then all."""

from collections.abc import Callable, Sequence
from typing import Any

from dvs_jax.fused.loader import Batches
from dvs_jax.fused.window import Window
from dvs_jax.training import schedule

Load = Callable[[float], Batches]


class Curriculum:
    """An endless stream of batches from clips up to a shake that a table sets by epoch.

    Args:
        table: rows (first epoch, largest shake in degrees), epochs counted from 1.
        batches_per_epoch: how many batches an epoch has.
        load: opens the stream of clips that shake no more than its argument, in degrees.

    Raises:
        InputError: the table is not valid, or its first stream cannot be opened.
    """

    def __init__(
        self, table: Sequence[tuple[int, float]], batches_per_epoch: int, load: Load
    ) -> None:
        schedule.require_order(table)
        self._table = table
        self._batches_per_epoch = batches_per_epoch
        self._load = load
        self._taken = 0
        self._largest = table[0][1]
        self._stream = load(self._largest)

    def __next__(self) -> Window:
        """Return the next batch.

        Raises:
            InputError: a record is damaged, or no clip shakes little enough.
        """
        largest = self._largest_at(self._taken)
        if largest != self._largest:
            self._open(largest)
        self._taken += 1
        return next(self._stream)

    def get_state(self) -> dict[str, Any]:
        """Return the position as JSON values."""
        return {"taken": self._taken, "stream": self._stream.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore a position of a curriculum with the same table and data."""
        self._taken = state["taken"]
        # The stream of the last batch taken, since the next may be the first of another stream.
        self._open(self._largest_at(max(self._taken - 1, 0)))
        self._stream.set_state(state["stream"])

    def close(self) -> None:
        """Stop the stream's threads."""
        self._stream.close()

    def _open(self, largest: float) -> None:
        self._stream.close()
        self._largest, self._stream = largest, self._load(largest)

    def _largest_at(self, taken: int) -> float:
        return schedule.value_at(self._table, 1 + taken // self._batches_per_epoch)
