"""A bounded queue between two threads, of which the first never waits for the second."""

import math
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_POLL_S = 0.05


class DroppingQueue(Generic[Item]):
    """Passes items on in order; those that find it full are dropped and counted.

    Attributes:
        dropped: how many were dropped so far.
        ended: no more items come once it is set; whoever sets it ends `fill`.
    """

    def __init__(self, capacity: int):
        """Begin with nothing; at most `capacity` items wait."""
        self.dropped = 0
        self.ended = threading.Event()
        self._waiting: queue.Queue[Item] = queue.Queue(capacity)

    def fill(self, items: Iterable[Item]) -> None:
        """Put items until there are no more, or `ended` is set, which it then is in any case."""
        try:
            for item in items:
                if self.ended.is_set():
                    return
                self.put(item)
        finally:
            self.ended.set()

    def put(self, item: Item) -> None:
        """Put one item; drop it where the queue is full."""
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self.dropped += 1

    def taken(self, patience_s: float = math.inf) -> Iterator[Item]:
        """Yield items until it has ended and none waits.

        Args:
            patience_s: how long none may come, in seconds.

        Raises:
            TimeoutError: none came for longer.
        """
        asked = time.monotonic()
        while True:
            # Asked before looking, so that what is put just before the end is not missed.
            ended = self.ended.is_set()
            try:
                item = self._waiting.get(timeout=_POLL_S)
            except queue.Empty:
                if ended:
                    return
                if time.monotonic() - asked > patience_s:
                    raise TimeoutError(f"nothing came for {patience_s:g} s") from None
                continue
            yield item
            asked = time.monotonic()
