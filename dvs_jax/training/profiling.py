"""Where the time of a few steps goes: a trace of JAX's profiler, and XLA's count of operations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jaxtyping import PyTree

FOLDER = "profile"

_WARM_UP = 2
"""Steps before the trace begins, of which the first compiles."""


class Profile:
    """The trace of some steps of a run.

    Args:
        workdir: the run's folder; the trace goes into `profile/`, for TensorBoard's profiler,
            XProf or Perfetto.
        first: the run's first step from here on.
        steps: how many are traced; 0: none.
    """

    def __init__(self, workdir: Path, first: int, steps: int):
        self._folder, self._runs = workdir / FOLDER, False
        self._begin = first + _WARM_UP if steps else 0
        self._end = self._begin + steps

    def before(self, number: int) -> None:
        """Begin the trace where a step is its first."""
        if number == self._begin:
            jax.profiler.start_trace(self._folder)
            self._runs = True

    def after(self, number: int, made: PyTree, is_last: bool) -> bool:
        """End the trace where a step is its last, or the run's.

        Args:
            number: of the step.
            made: what it returns, which is waited for.
            is_last: whether the run ends with it.

        Returns:
            Whether the trace has ended just now.
        """
        if not self._runs or not (is_last or number + 1 >= self._end):
            return False
        jax.block_until_ready(made)
        jax.profiler.stop_trace()
        self._runs = False
        return True


def gflop(step: Callable[..., Any], *arguments: PyTree) -> float:
    """Return a compiled step's floating-point operations on one device, by XLA's cost analysis.

    A loop's body counts once, however often it runs; NaN where XLA does not tell.

    Args:
        step: as `parallel.Devices.compile` returned it.
        arguments: those it is called with.
    """
    told = step.lower(*arguments).cost_analysis() or {}  # type: ignore[attr-defined]
    return float(told.get("flops", float("nan"))) / 1e9


def memory_peak_gb() -> dict[str, float]:
    """Return the largest memory in use so far on this process' fullest device, by its log name.

    Nothing where devices do not tell, such as CPUs.
    """
    stats = [device.memory_stats() or {} for device in jax.local_devices()]
    peaks = [each["peak_bytes_in_use"] for each in stats if "peak_bytes_in_use" in each]
    return {"memory_peak_gb": max(peaks) / 1e9} if peaks else {}
