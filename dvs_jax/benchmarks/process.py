"""Running commands as processes, and measuring their time and memory."""

import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dvs_jax.errors import InputError

_LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def run_alone(command: Sequence[str]) -> tuple[float, int]:
    """Run a command; return its wall time in seconds and its peak memory in bytes.

    Raises:
        InputError: it failed.
    """
    start = time.perf_counter()
    # A process's peak memory starts at its parent's, so a small process is put in between.
    printed = run([sys.executable, "-c", _LAUNCHER, *command])
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - start, int(printed) * unit


def run(command: Sequence[str], folder: Path | None = None) -> bytes:
    """Run a command in a folder and return what it printed.

    Raises:
        InputError: it failed.
    """
    ended = subprocess.run(command, cwd=folder, capture_output=True)
    if ended.returncode:
        message = ended.stderr.decode(errors="replace").strip()
        raise InputError(f"{shlex.join(command)}: failed: {message}")
    return ended.stdout
