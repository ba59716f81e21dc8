"""How much memory Python and NumPy take for something."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def traced_memory() -> Iterator[Callable[[], int]]:
    """Trace the block; afterwards what is yielded returns the bytes it took at most."""
    tracemalloc.start()
    before, peaks = tracemalloc.get_traced_memory()[0], list[int]()
    try:
        yield lambda: peaks[0] - before
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        # Whatever is traced runs slower.
        tracemalloc.stop()
