"""Interrupts commands in processes of their own, and looks at how they end and what they leave."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parent

Process = subprocess.Popen[str]


class End(NamedTuple):
    """How a process ended.

    Attributes:
        code: its exit code.
        seconds: from the signal to its end.
        told: what it printed on stderr, without notes.
        left: what nobody wanted: temporary files and folders, locks, processes.
    """

    code: int
    seconds: float
    told: list[str]
    left: list[str]


def start(arguments: Sequence[object], scratch: Path) -> Process:
    """Start `python -m` something in a session of its own.

    Args:
        arguments: the module and its arguments.
        scratch: gets what the system would keep in /tmp, and in the cache of what is compiled.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in the background of a shell's script; the command would go on ignoring it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run_in_session([sys.executable, "-m", *map(str, arguments)], scratch)


def wait_for_handlers(process: Process) -> None:
    """Wait until a process catches SIGTERM, which Python by itself does not; or a moment.

    That is told by Linux alone.
    """
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(0.5)
        return
    bit = 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        caught = next(line for line in status.read_text().split("\n") if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) & bit:
            return
        time.sleep(0.002)


def run_in_session(command: Sequence[str], scratch: Path) -> Process:
    """Start a command in a session of its own, which no terminal's Ctrl-C reaches."""
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        command,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]),
            "TMPDIR": str(scratch / "tmp"),
            "DVS_JAX_CACHE": str(scratch / "cache"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(happened: Callable[[], object], process: Process) -> None:
    """Wait for something that a process does; an end before that is an error."""
    end = time.monotonic() + 300.0
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def interrupt(process: Process, number: int, *written: Path) -> End:
    """Send a signal and wait for the end.

    Args:
        process: as `start` returned it.
        number: the signal.
        written: the folders to which the process writes.
    """
    begin = time.monotonic()
    process.send_signal(number)
    try:
        # Only the end of the process counts, not that of whoever has inherited its pipes.
        process.wait(timeout=120)
        seconds = time.monotonic() - begin
        left = [str(file) for folder in written for file in _unfinished(folder)]
        left += _processes(process.pid)
    finally:
        for other in _processes(process.pid):
            os.kill(int(other), signal.SIGKILL)
    _, errors = process.communicate()
    told = [line for line in errors.splitlines() if not line.startswith("note: ")]
    return End(process.returncode, seconds, told, left)


def _unfinished(folder: Path) -> list[Path]:
    marks = (".unfinished-", ".part", "-tmp")
    found = folder.rglob("*")
    return [
        file for file in found if file.parent.name == "tmp" or any(m in file.name for m in marks)
    ]


def _processes(session: int) -> list[str]:
    """The processes of a session, by number, but for those that have ended."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,sess=,stat="], capture_output=True, text=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [pid for pid, sid, state in rows if int(sid) == session and not state.startswith("Z")]
