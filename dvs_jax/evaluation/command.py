"""Running other programs."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dvs_jax.errors import InputError


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
