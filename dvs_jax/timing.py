"""Measures how long a function takes."""

import time
from collections.abc import Callable
from statistics import median


def median_seconds(run: Callable[[], object], runs: int, enough_s: float = float("inf")) -> float:
    """Return the median seconds of some runs after a first that compiles.

    Args:
        run: what is timed.
        runs: the most that are timed.
        enough_s: no further run begins once earlier ones have taken so long together.
    """
    run()
    seconds: list[float] = []
    while len(seconds) < runs and sum(seconds) < enough_s:
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return float(median(seconds))
