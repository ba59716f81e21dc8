"""Files read from start to end, by a process that may die of it."""

import multiprocessing
import resource
import unicodedata
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dvs_jax.errors import LONGEST_MESSAGE, InputError

MOST_BYTES = 3 * 2**30
"""Of addresses, of which a process that has loaded JAX takes about two thirds."""

LONGEST_S = 30.0


def outcome(read: Callable[[Path], Any], path: Path) -> str:
    """Return "" for a file that was read, or the message of the error that refuses it.

    Raises:
        AssertionError: the message is not fit for people.
        Exception: any other that reading ends in.
    """
    try:
        read(path)
    except InputError as error:
        message = str(error)
        assert str(path) in message or str(path.parent) in message, message
        assert len(message) <= LONGEST_MESSAGE
        assert not any(unicodedata.category(each) == "Cc" for each in message), repr(message)
        return message
    return ""


class Worker:
    """A process that examines one file after another, with bounds on its memory and time."""

    def __init__(self, read: Callable[[Path], Any]):
        self._read = read
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_examine, args=(self._read, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()  # importing takes long where other programs run beside

    def __call__(self, path: Path) -> str:
        """Return what `outcome` does.

        Raises:
            AssertionError: the process raised something else, died, or took too long.
        """
        self._pipe.send(path)
        try:
            assert self._pipe.poll(LONGEST_S), f"takes longer than {LONGEST_S} s"
            failure, message = self._pipe.recv()
        except (EOFError, AssertionError) as error:
            self.stop()
            exit_code = self._process.exitcode
            self._start()
            raise AssertionError(f"the reading process ended ({exit_code}): {error}") from error
        assert not failure, failure
        return message

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _examine(read: Callable[[Path], Any], pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    pipe.send("ready")
    while True:
        path = pipe.recv()
        try:
            pipe.send(("", outcome(read, path)))
        except Exception as error:
            pipe.send((f"{type(error).__name__}: {error}", ""))
