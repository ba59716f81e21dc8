"""Prefetches batches to the devices while the previous one is in use."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from jaxtyping import PyTree

from dvs_jax.errors import InputError


class Batches(Protocol):
    """An endless iterator whose position can be saved and restored, such as Grain's.

    A batch is a pytree of host arrays [example, ...] with a field `seed` uint32 [example]: this
    process' share of the global batch.
    """

    def __next__(self) -> PyTree:
        """Return the next batch."""

    def get_state(self) -> Any:
        """Return the position as JSON values or bytes."""

    def set_state(self, state: Any) -> None:
        """Restore a position."""


class Placed(NamedTuple):
    """A batch on the devices.

    Attributes:
        batch: the device arrays.
        position: the loader's position just after it, as text.
        wait_s: seconds for which training waited for it.
    """

    batch: PyTree
    position: str
    wait_s: float


@contextmanager
def prefetched(
    batches: Batches, distribute: Callable[[PyTree], PyTree]
) -> Iterator[Iterator[Placed]]:
    """Yield batches on the devices; the next is prepared while the last is in use.

    Raises:
        InputError: on iteration, if the loader ends.
    """
    with ThreadPoolExecutor(1, "loader") as worker:

        def draw() -> tuple[PyTree, str]:
            batch = distribute(next(batches))
            return batch, to_text(batches.get_state())

        def placed() -> Iterator[Placed]:
            upcoming: Future[tuple[PyTree, str]] = worker.submit(draw)
            while True:
                start = time.perf_counter()
                try:
                    batch, position = upcoming.result()
                except StopIteration as end:
                    raise InputError(
                        "the training data have come to an end; let the loader repeat them"
                    ) from end
                wait_s = time.perf_counter() - start
                upcoming = worker.submit(draw)
                yield Placed(batch, position, wait_s)

        yield placed()


def to_text(state: Any) -> str:
    """Return a loader's position as text.

    Args:
        state: JSON values or bytes.
    """
    if isinstance(state, bytes):
        return json.dumps({"bytes": base64.b64encode(state).decode()})
    return json.dumps({"json": state})


def from_text(text: str) -> Any:
    """Return the position of which `to_text` made the text."""
    state = json.loads(text)
    return base64.b64decode(state["bytes"]) if "bytes" in state else state["json"]
