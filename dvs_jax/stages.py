"""Stages that run at the same time, each in a thread of its own, with short queues between."""

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
"""Items that may wait between two stages: enough to even out frames that take longer."""

_POLL_S = 0.05
"""How often a stage that waits looks whether all are to stop."""

_END = object()


class Stages:
    """Runs iterables in threads, for as long as the context lasts.

    Order is kept. An error in one of them, which then names the stage, comes out where its items
    are consumed, and so at last where the context was entered. Leaving the context, for whatever
    reason, stops all threads and waits until they have closed what they had open.
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
        """Take items in a thread, a few ahead of whoever consumes the returned iterator.

        Args:
            name: what the stage does, for errors: "warping".
            items: what to run; a generator is closed in the thread.
        """
        waiting: queue.Queue[Any] = queue.Queue(WAITING)
        # Without "daemon" a stage that hangs would keep a program from ending.
        thread = threading.Thread(
            target=self._work, args=(name, items, waiting), name=name, daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return self._taken(waiting)

    @contextlib.contextmanager
    def naming(self, name: str) -> Iterator[None]:
        """Let an error in this block, the last stage, name it, unless it names another already."""
        try:
            yield
        except InputError as error:
            if error is self._known:
                raise
            self._known = InputError(f"{error} (while {name})")
            raise self._known from error
        except Exception as error:
            # No sentence for people, but a fault of the program, whose type must not change.
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
    """Let OpenCV compute in the thread that calls it.

    Its own would divide each picture among all cores, which the other stages keep busy already, and
    spend more time waiting for one another than they save.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class _StoppedError(BaseException):
    """The context was left: no error, and nothing that a stage should catch."""


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
