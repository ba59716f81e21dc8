"""Ctrl-C and SIGTERM: the command ends at once, whatever it is at, and leaves nothing behind.

No exception is raised for that. Python raises one only between two steps of the main thread, which
may be minutes away while a network compiles, and one that comes in a callback, as JAX has one for
the garbage collector, is lost. Instead a thread waits for the signal, removes what is unfinished
(see `whole_file.temporary`), and ends the process. Imports here are few and quick: until
`end_at_signals` is called, an interrupt is left to Python.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from dvs_jax.whole_file import temporary

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_A_WHILE_S = 1.0

_SHOW_CURSOR = b"\x1b[?25h\n"


def end_at_signals() -> None:
    """Let SIGINT and SIGTERM end the process, with codes 130 and 143 and the line "interrupted".

    To be called once, in the main thread, before anything that takes long. Whoever sets a handler
    of their own afterwards, as training does for SIGTERM, is left to it. A signal that is ignored,
    as in commands that a shell runs in the background, stays so.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def handle(number: int, frame: FrameType | None) -> None:
        # A loop of events that is under way has put its own descriptor in the place of this one.
        os.write(writing, bytes([number]))
        # What is removed now would be complained of.
        while not temporary.is_naming():
            time.sleep(_A_WHILE_S)

    # The system's handler writes there at once, whatever the main thread is at.
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, handle), name="signals", daemon=True).start()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)


def _watch(reading: int, handle: Callable[[int, FrameType | None], None]) -> None:
    while True:
        (number,) = os.read(reading, 1)
        if number in _SIGNALS and signal.getsignal(number) is handle:
            _end(number)


def _end(number: int) -> None:
    try:
        with contextlib.suppress(OSError):
            _say_last(b"interrupted\n")
        _end_children(os.getpid())
        temporary.remove_all()
    finally:
        os._exit(128 + number)


def _say_last(line: bytes) -> None:
    """Print a line, after which no thread prints any."""
    if os.isatty(2) and os.environ.get("TERM") != "dumb":
        line = _SHOW_CURSOR + line
    # Nobody may be reading any more; then writing would wait for ever.
    if select.select([], [2], [], 0)[1]:
        os.write(2, line)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _end_children(parent: int) -> None:
    """Kill all processes that this one has started, and theirs.

    Where the system does not list them, as Linux does, the terminal's Ctrl-C reaches them too.
    """
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listed.read_text().split()):
                _end_children(child)
                os.kill(child, signal.SIGKILL)
