"""Pipeline stages that run concurrently, a thread each, with bounded queues between them."""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import cv2

from dvs_jax.errors import InputError

Item = TypeVar("Item")

WAITING = 4
"""Capacity of the queue between two stages: enough to even out frames that take longer."""

_POLL_S = 0.05
"""How often a waiting stage checks whether all have to stop."""

_END = object()


class Stages:
    """Runs iterables in threads, for as long as the context lasts.

    Order is kept. An error in a stage is raised, with the stage's name, where its items are
    consumed, and so reaches the code that entered the context. Leaving the context, for whatever
    reason, stops all threads and waits until they have closed their iterators.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._known: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def run(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Iterate in a thread, a few items ahead of the consumer of the returned iterator.

        Args:
            name: what the stage does, for errors: "warping".
            items: the iterable to run; a generator is closed in the thread.
        """
        waiting: queue.Queue[Any] = queue.Queue(WAITING)
        # Without "daemon" a hanging stage would keep the program from ending.
        thread = threading.Thread(
            target=self._work, args=(name, items, waiting), name=name, daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return self._taken(waiting)

    @contextlib.contextmanager
    def naming(self, name: str) -> Iterator[None]:
        """Add the name to an error in this block, the last stage, unless it names one already."""
        try:
            yield
        except InputError as error:
            if error is self._known:
                raise
            self._known = InputError(f"{error} (while {name})")
            raise self._known from error
        except Exception as error:
            # A fault of the program, not a message for users: its type must not change.
            if error is not self._known:
                error.add_note(f"while {name}")
            self._known = error
            raise

    def _work(self, name: str, items: Iterable[Item], waiting: "queue.Queue[Any]") -> None:
        try:
            with self.naming(name), _closing(items):
                for item in items:
                    self._put(waiting, item)
            self._put(waiting, _END)
        except _StoppedError:
            pass
        except BaseException as error:
            with contextlib.suppress(_StoppedError):
                self._put(waiting, _Failure(error))

    def _put(self, waiting: "queue.Queue[Any]", item: object) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                return waiting.put(item, timeout=_POLL_S)
        raise _StoppedError

    def _taken(self, waiting: "queue.Queue[Any]") -> Iterator[Any]:
        while (item := self._get(waiting)) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item

    def _get(self, waiting: "queue.Queue[Any]") -> object:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Empty):
                return waiting.get(timeout=_POLL_S)
        raise _StoppedError


@contextlib.contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Make OpenCV compute in the calling thread.

    Its own threads would split each image among all cores, which the other stages keep busy
    already, and would cost more by waiting for one another than they save.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class _StoppedError(BaseException):
    """Ends a stage once the context was left; not an error, and not to be caught by a stage."""


class _Failure:
    def __init__(self, error: BaseException):
        self.error = error


@contextlib.contextmanager
def _closing(items: Iterable[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        if isinstance(items, Generator):
            items.close()
