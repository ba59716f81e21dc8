"""Keeps two runs from writing to one address, where there are no file locks.

Each run writes an object of its own beside the others', again and again, and looks whose others are
there: stores show at once what was written. So of two that begin, one at least sees the other. An
object that is not written again for a while belongs to a run that was killed, or whose host stands
still: whoever takes its place marks that, for it to find if it comes back.
"""

import contextlib
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator

from dvs_jax.errors import InputError
from dvs_jax.storage import store
from dvs_jax.storage.store import Entry

FOLDER = ".running"
"""Name of the folder of these objects."""

BEAT_S, SILENT_S = 5.0, 25.0
"""How often a run writes its object, and after which silence it is taken for dead."""

TAKEN = ".taken"
"""End of the name of the object that tells a run that its place was taken.

Removing the run's own object is not enough, for it may be just about to write it again. Only the
run itself removes the mark, or after `FORGOTTEN_S` another one."""

FORGOTTEN_S = 86400.0
"""For so long a run that stood still may come back."""

_log = logging.getLogger("dvs_jax")


class Lease:
    """One run's right to write to an address.

    Attributes:
        lost: set once another run has it, for this one could not be heard for long.
    """

    def __init__(self, address: str, what: str):
        """Begin without it.

        Args:
            address: of the folder.
            what: what is written there, such as "a training run".
        """
        self.lost = threading.Event()
        self._address, self._what = address, what
        self._folder, self._name = f"{address}/{FOLDER}", uuid.uuid4().hex
        self._ended = threading.Event()
        self._beats = 0

    def take(self) -> None:
        """Wait until no other run has it; those that are dead lose it.

        Raises:
            InputError: another run has it, or the store cannot be written.
        """
        known: dict[str, Entry] = {}
        while True:
            self._beat()
            found = store.listing(self._folder)
            if self._is_taken(found):
                self._begin_anew()
                continue
            now_s = found[self._name].time_s
            self._forget(found, now_s)
            others = {
                name: entry
                for name, entry in found.items()
                if name != self._name and not name.endswith(TAKEN)
            }
            if any(name in known and known[name] != other for name, other in others.items()):
                self._refuse(others)
            for name, other in others.items():
                if now_s - other.time_s > SILENT_S:
                    self._take_over(name)
            if all(now_s - other.time_s > SILENT_S for other in others.values()):
                return
            if not known:
                _log.info(
                    "%s: another run was at work there; up to %g s are waited whether it still is",
                    *(self._address, SILENT_S),
                )
            known = known | others
            time.sleep(1.0)

    def keep(self) -> None:
        """Write the object again and again, until the end or until another run has it."""
        while not self._ended.wait(BEAT_S):
            # Where the store cannot be reached for a while, the next time may be better.
            with contextlib.suppress(InputError):
                if self._is_taken(store.listing(self._folder)):
                    self.lost.set()
                    return
                self._beat()

    def end(self, keeper: threading.Thread | None = None) -> None:
        """Remove the run's objects, once the thread that keeps them writes no more."""
        self._ended.set()
        if keeper is not None:
            keeper.join()
        with contextlib.suppress(InputError):
            self._remove(self._name, self._name + TAKEN)

    def _is_taken(self, found: dict[str, Entry]) -> bool:
        return self._name not in found or self._name + TAKEN in found

    def _begin_anew(self) -> None:
        """Take another name: the run stood still before it had begun, and was taken for dead."""
        self._remove(self._name, self._name + TAKEN)
        self._name = uuid.uuid4().hex

    def _take_over(self, name: str) -> None:
        store.write(f"{self._folder}/{name}{TAKEN}", b"")
        self._remove(name)

    def _forget(self, found: dict[str, Entry], now_s: float) -> None:
        marks = (name for name in found if name.endswith(TAKEN))
        self._remove(*(each for each in marks if now_s - found[each].time_s > FORGOTTEN_S))

    def _remove(self, *names: str) -> None:
        store.remove(f"{self._folder}/{name}" for name in names)

    def _beat(self) -> None:
        self._beats += 1
        told = f"{socket.gethostname()}, process {os.getpid()}, {self._beats}"
        store.write(f"{self._folder}/{self._name}", told.encode())

    def _refuse(self, others: dict[str, Entry]) -> None:
        told = store.read(f"{self._folder}/{next(iter(others))}").decode(errors="replace")
        self.end()
        raise InputError(
            f"{self._address}: another run ({told.rpartition(', ')[0]}) is writing {self._what} "
            "there; wait for its end, or choose another folder"
        )


@contextlib.contextmanager
def alone(address: str, what: str) -> Iterator[Lease]:
    """Hold the right to write to an address, as long as the context lasts.

    Args:
        address: of the folder.
        what: what is written there, such as "a training run".

    Raises:
        InputError: another run has it, or the store cannot be written.
    """
    lease = Lease(address, what)
    lease.take()
    keeper = threading.Thread(target=lease.keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        lease.end(keeper)
