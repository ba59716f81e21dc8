"""Running commands as processes, and measuring their time and memory."""

import sys
import time
from collections.abc import Sequence

from dvs_jax.evaluation.command import run

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
