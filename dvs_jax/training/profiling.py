"""Where the time of a few steps goes, and what the devices have: their peaks, their memory."""

from pathlib import Path

import jax
from jaxtyping import PyTree

FOLDER = "profile"

_PEAKS = {
    "NVIDIA H200": 989.0,
    "NVIDIA H100 PCIe": 756.0,
    "NVIDIA H100": 989.0,
    "NVIDIA A100": 312.0,
    "NVIDIA L40S": 362.0,
    "NVIDIA L4": 121.0,
    "Tesla T4": 65.0,
    "TPU v4": 275.0,
    "TPU v5 lite": 197.0,
    "TPU v5": 459.0,
    "TPU v6 lite": 918.0,
}
"""Dense TFLOP/s in bfloat16, the T4's in float16, by their makers' data sheets.

By how a device's name begins, the first that fits.
"""

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


def peak_tflop_per_s() -> float | None:
    """Return what one of this process' devices could do in bfloat16, None where that is unknown."""
    kind = jax.local_devices()[0].device_kind
    return next((peak for name, peak in _PEAKS.items() if kind.startswith(name)), None)


def memory_peak_gb() -> dict[str, float]:
    """Return the largest memory in use so far on this process' fullest device, by its log name.

    Nothing where devices do not tell, such as CPUs.
    """
    stats = [device.memory_stats() or {} for device in jax.local_devices()]
    peaks = [each["peak_bytes_in_use"] for each in stats if "peak_bytes_in_use" in each]
    return {"memory_peak_gb": max(peaks) / 1e9} if peaks else {}
