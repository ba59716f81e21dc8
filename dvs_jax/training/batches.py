"""The loader's batches, each put on the devices while the one before is at work."""

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
    """An endless iterator whose position can be saved, such as Grain's.

    A batch is a pytree of host arrays [example, ...] with a field `seed` uint32 [example]: this
    process' share of the global batch.
    """

    def __next__(self) -> PyTree:
        """Return the next batch."""

    def get_state(self) -> Any:
        """Return the position as JSON values or bytes."""

    def set_state(self, state: Any) -> None:
        """Go to a position."""


class Placed(NamedTuple):
    """A batch on the devices.

    Attributes:
        batch: the device arrays.
        position: of the loader just after it, as text.
        wait_s: seconds that training waited for it.
    """

    batch: PyTree
    position: str
    wait_s: float


@contextmanager
def prefetched(
    batches: Batches, distribute: Callable[[PyTree], PyTree]
) -> Iterator[Iterator[Placed]]:
    """Yield the batches on the devices; the next is made while the last one taken is used.

    Raises:
        InputError: when taken from, where the loader has come to its end.
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
    """Return the position that `to_text` was given."""
    state = json.loads(text)
    return base64.b64decode(state["bytes"]) if "bytes" in state else state["json"]
