"""Keeps what JAX compiles in a cache folder between runs of the command."""

import contextlib
import glob
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

from dvs_jax.cache_folder import cache_folder

FOLDER_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
"""JAX's own name for the folder; its JAX_ENABLE_COMPILATION_CACHE=0 turns all of this off."""

SHORTEST_VARIABLE = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"

_DAMAGED = re.compile("Error reading persistent compilation cache entry for '([^']+)'")


def keep_compiled() -> None:
    """Turn on JAX's persistent compilation cache.

    It is set by environment variables, which JAX reads when it is imported, so that commands which
    need no JAX need not import it. Variables that are set already are kept. Nothing is done if JAX
    is imported already, or if the folder cannot be written: JAX would warn for every function.
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
    # JAX by default skips what compiles within a second; reading that from a file is faster too.
    os.environ.setdefault(SHORTEST_VARIABLE, "0")
    _replace_damaged(folder)


def remove_damaged(folder: Path, complaint: Warning | str) -> bool:
    """Remove the cached files of the function that a JAX warning names; return whether it does.

    JAX writes cache files in place, so a killed run leaves a partial file. Later runs would warn
    and compile every time, since JAX never overwrites a file.
    """
    damaged = _DAMAGED.match(str(complaint))
    if damaged is None:
        return False
    for file in folder.glob(f"{glob.escape(damaged[1])}-*"):
        with contextlib.suppress(OSError):
            file.unlink()
    return True


def _replace_damaged(folder: Path) -> None:
    """Have unreadable files removed and written again, without warnings."""
    show = warnings.showwarning

    def show_or_replace(message: Warning | str, *details: Any, **more: Any) -> None:
        if not remove_damaged(folder, message):
            show(message, *details, **more)

    warnings.showwarning = show_or_replace
