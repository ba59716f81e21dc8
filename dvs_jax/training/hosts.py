"""The hosts of a run: they look after one another, and one that dies ends the others, by its name.

Each says every few seconds that it lives, in the store that JAX's distributed runtime keeps in
process 0. That one listens, and tells all who has fallen silent. Without this, a step waits for a
dead host until JAX aborts after a minute and a half, without a name.
"""

import atexit
import contextlib
import itertools
import logging
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn

import jax

from dvs_jax.errors import InputError
from dvs_jax.whole_file import temporary

BEAT_S, SILENT_S = 5.0, 25.0
"""How often a host says that it lives, and after which silence it is taken for dead: all are ended
within a minute, and a step's compilation, which holds no lock of Python, is outlived."""

_PLACE, _VERDICTS = "dvs_jax/hosts/", "dvs_jax/dead/"

_ENDED, _FAILED = "ended", "failed"

_CODE, _GOES_ON = 1, "the same command goes on"

_watch: "_Watch | None" = None

_log = logging.getLogger("dvs_jax")


def look_after() -> None:
    """Begin to tell the other processes that this one lives; call it once they have joined."""
    global _watch
    # JAX has no public door to the store; Orbax takes the same.
    from jax._src.distributed import global_state

    _watch = _Watch(global_state.client, jax.process_index(), jax.process_count())
    atexit.register(_watch.leave, _FAILED)
    _watch.start()


@contextlib.contextmanager
def in_company() -> Iterator[None]:
    """Tell the other processes at the end whether this one is done, or has failed.

    Where it has failed it prints why and ends at once, for closing the run's files would wait for
    the others. Where another one's death is the reason, that one is named.
    """
    if _watch is None:
        yield
        return
    try:
        yield
    except SystemExit:
        _watch.leave(_ENDED)
        raise
    except InputError as error:
        _watch.leave(_FAILED)
        _end(str(error))
    except Exception:
        # A connection breaks at once, and who it was that died is known only after a while.
        time.sleep(SILENT_S + 3 * BEAT_S)
        traceback.print_exc()
        _watch.leave(_FAILED)
        _end("this process has failed")
    _watch.leave(_ENDED)


class _Watch:
    """What a process says, and hears, of the others.

    Args:
        client: of JAX's distributed runtime.
        own: which process this is.
        count: of all processes.
    """

    def __init__(self, client: Any, own: int, count: int):
        self._client, self._own, self._count = client, own, count
        self._stopped = threading.Event()
        self._heard = dict.fromkeys(range(count), ("", time.monotonic()))
        self._contact = time.monotonic()
        self._say("0")
        first = client.blocking_key_value_get(f"{_PLACE}0", int(1000 * SILENT_S))
        self._first = _named(0, count, first)
        _log.info(
            "process %d of %d, on %s; the run ends if %s ends",
            *(own, count, socket.gethostname(), self._first),
        )

    def start(self) -> None:
        for target in (self._speak, self._wait):
            threading.Thread(target=target, name="hosts", daemon=True).start()

    def leave(self, how: str) -> None:
        """Say for the last time how it is; the others end unless it has ended well."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        with contextlib.suppress(Exception):
            self._say(how)
            if self._own == 0 and how == _FAILED:
                self._condemn(self._first, "has failed")
                self._linger()

    def _speak(self) -> None:
        for number in itertools.count(1):
            # The store may be gone with process 0: `_wait` sees to that.
            with contextlib.suppress(Exception):
                self._say(str(number))
                if self._own == 0:
                    self._listen()
                self._contact = time.monotonic()
                self._obey()
            if self._stopped.wait(BEAT_S):
                return

    def _wait(self) -> None:
        while not self._stopped.wait(1.0):
            if time.monotonic() - self._contact > SILENT_S:
                _end(f"{self._first} has died, or cannot be reached; {_GOES_ON}")

    def _say(self, how: str) -> None:
        told = f"{how} {socket.gethostname()}"
        self._client.key_value_set(f"{_PLACE}{self._own}", told, allow_overwrite=True)

    def _listen(self) -> None:
        """Tell all of a process that has failed or is silent."""
        now = time.monotonic()
        for place, told in self._client.key_value_dir_get(_PLACE):
            process = int(place.rpartition("/")[2])
            if told.startswith(_FAILED):
                self._condemn(_named(process, self._count, told), "has failed")
            if told != self._heard[process][0] or told.startswith(_ENDED):
                self._heard[process] = told, now
        for process, (told, since) in self._heard.items():
            if now - since > SILENT_S:
                self._condemn(_named(process, self._count, told), "has died, or cannot be reached")

    def _condemn(self, name: str, why: str) -> None:
        self._client.key_value_set(f"{_VERDICTS}first", f"{name} {why}", allow_overwrite=True)

    def _obey(self) -> None:
        verdicts = self._client.key_value_dir_get(_VERDICTS)
        if verdicts:
            if self._own == 0:
                self._linger()
            _end(f"{verdicts[0][1]}; {_GOES_ON}")

    def _linger(self) -> None:
        """Keep the store until the others have read it."""
        time.sleep(2 * BEAT_S)


def _named(process: int, count: int, told: str) -> str:
    return f"{told.partition(' ')[2] or 'a host'} (process {process} of {count})"


def _end(why: str) -> NoReturn:
    """End this process, whatever it is waiting for."""
    # Nobody may be there to read it.
    with contextlib.suppress(OSError):
        print(f"error: {why}", file=sys.stderr, flush=True)
    temporary.remove_all()
    os._exit(_CODE)
