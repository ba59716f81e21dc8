"""Work in a thread of its own: how far it is can be asked, and it can be cancelled."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from dvs_jax.progress import Item, Track

Result = TypeVar("Result")

_ASKED_EVERY_S = 0.1


class CancelledError(Exception):
    """The work was cancelled."""


class Progress(NamedTuple):
    """How far a job is: what it does, and how many of how many frames are done."""

    label: str
    done: int
    total: int


class Job(Generic[Result]):
    """Work in a thread of its own.

    Attributes:
        progress: how far it is.
    """

    def __init__(self, work: Callable[[Track], Result]):
        """Begin.

        Args:
            work: reports its progress, and ends at the next item once it was cancelled.
        """
        self.progress = Progress("preparing", 0, 0)
        self._cancelled = threading.Event()
        self._pool = ThreadPoolExecutor(1, "job")
        self._result: Future[Result] = self._pool.submit(work, self._track)
        self._pool.shutdown(wait=False)

    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return not self._result.done()

    def cancel(self) -> None:
        """Let it end soon; nothing happens if it has."""
        self._cancelled.set()

    def steps(self) -> Iterator[Progress]:
        """Yield how far it is, now and then, until it has ended."""
        ended = threading.Event()
        self._result.add_done_callback(lambda _: ended.set())
        while not ended.wait(_ASKED_EVERY_S):
            yield self.progress

    def result(self) -> Result:
        """Wait for its end, and return what it made.

        Raises:
            CancelledError: it was cancelled before its end.
            Exception: whatever the work raised.
        """
        return self._result.result()

    def _track(self, items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
        for done, item in enumerate(items):
            if self._cancelled.is_set():
                raise CancelledError
            self.progress = Progress(label, done, total)
            yield item
