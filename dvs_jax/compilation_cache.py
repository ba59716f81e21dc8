"""What JAX compiles, kept from one run of the command to the next."""

import contextlib
import glob
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

from dvs_jax.pretrained import cache_folder

FOLDER_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
"""JAX's own name for the folder; its JAX_ENABLE_COMPILATION_CACHE=0 turns all of this off."""

SHORTEST_VARIABLE = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"

_DAMAGED = re.compile("Error reading persistent compilation cache entry for '([^']+)'")


def keep_compiled() -> None:
    """Let JAX look in the cache folder for what an earlier run compiled, and put there the rest.

    It works through the environment, which JAX reads when it is imported: so a command that needs
    no JAX does not wait for it. Once JAX is imported nothing is done, nor where the folder cannot
    be written: every piece would be compiled and then complained of. What the environment says
    already stays.
    """
    folder = cache_folder() / "compiled"
    if FOLDER_VARIABLE in os.environ or "jax" in sys.modules:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    os.environ[FOLDER_VARIABLE] = str(folder)
    # JAX leaves out what compiles within a second; read from a file, that is quicker too.
    os.environ.setdefault(SHORTEST_VARIABLE, "0")
    _replace_damaged(folder)


def remove_damaged(folder: Path, complaint: Warning | str) -> bool:
    """Remove the files of a function that JAX complains of, and return whether it does.

    JAX writes in place, so a run that is killed meanwhile leaves a part of a file. Later ones would
    complain and compile every time, for JAX writes over nothing. Its complaint names the function,
    of which all files go.
    """
    damaged = _DAMAGED.match(str(complaint))
    if damaged is None:
        return False
    for file in folder.glob(f"{glob.escape(damaged[1])}-*"):
        with contextlib.suppress(OSError):
            file.unlink()
    return True


def _replace_damaged(folder: Path) -> None:
    """Let what cannot be read be written anew, without a word."""
    show = warnings.showwarning

    def show_or_replace(message: Warning | str, *details: Any, **more: Any) -> None:
        if not remove_damaged(folder, message):
            show(message, *details, **more)

    warnings.showwarning = show_or_replace
