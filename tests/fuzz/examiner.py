"""Who reads the files: this process, or one that may die of them."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .examination import Worker, outcome


@contextlib.contextmanager
def examiner(read: Callable[[Path], Any], wanted: int | None) -> Iterator[Callable[[Path], str]]:
    """Yield what examines a file by reading it.

    Args:
        read: reads a file from start to end.
        wanted: `--fuzz-examples`. Without it the few files are known to be harmless.
    """
    if wanted is None:
        yield functools.partial(outcome, read)
        return
    worker = Worker(read)
    try:
        yield worker
    finally:
        worker.stop()
