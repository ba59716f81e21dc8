"""Ctrl-C and SIGTERM end the command at once and leave no temporary files.

No exception is raised for that. Python raises it only between two bytecodes of the main thread,
which may take minutes while a network compiles, and an exception in a callback, such as JAX's for
the garbage collector, is lost. Instead a thread waits for the signal, removes unfinished files (see
`whole_file.temporary`), and ends the process. Imports here are few and quick: until
`end_at_signals` is called, Python handles an interrupt.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from dvs_jax.whole_file import temporary

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_A_WHILE_S = 1.0

_SHOW_CURSOR = b"\x1b[?25h\n"


def end_at_signals() -> None:
    """Let SIGINT and SIGTERM end the process, with codes 130 and 143 and the line "interrupted".

    Call it once, in the main thread, before anything that takes long. A handler set afterwards,
    such as training's for SIGTERM, replaces it. A signal that is ignored, as in commands that a
    shell runs in the background, stays so.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def handle(number: int, frame: FrameType | None) -> None:
        # A running event loop has replaced the wakeup descriptor by its own.
        os.write(writing, bytes([number]))
        # Going on while temporary files are removed would print errors about them.
        while not temporary.is_naming():
            time.sleep(_A_WHILE_S)

    # Python's C handler writes to this descriptor at once, whatever the main thread is doing.
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, handle), name="signals", daemon=True).start()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)


@contextlib.contextmanager
def interrupt_setting(event: threading.Event) -> Iterator[None]:
    """Let SIGINT set an event, instead of ending the process, as long as the context lasts.

    One that is ignored, as in commands that a shell runs in the background, stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: event.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
    """Print a line to standard error, and close that to all threads."""
    if os.isatty(2) and os.environ.get("TERM") != "dumb":
        line = _SHOW_CURSOR + line
    # If the pipe is full and nobody reads it, writing would block for ever.
    if select.select([], [2], [], 0)[1]:
        os.write(2, line)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _end_children(parent: int) -> None:
    """Kill all descendants of a process.

    Only Linux lists them; elsewhere the terminal's Ctrl-C reaches them too.
    """
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listed.read_text().split()):
                # Stopped, it starts no others meanwhile, and tells nobody that its own have ended.
                os.kill(child, signal.SIGSTOP)
                _end_children(child)
                os.kill(child, signal.SIGKILL)
