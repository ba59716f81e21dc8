"""Checks and times an accelerator: one table on the screen, one file, `accelerator.json`.

The file lies in the folder that the variable OUT names, else where this is run. With `--rehearse`
the same runs on the processor, at small sizes. To be run from the checkout, by `make accelerator`.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dvs_jax.benchmarks.accelerator import Row

BUDGET_S = 270.0
"""No further measurement begins after so long: all has to be done within six minutes."""

CHECKS = ["-m", "accelerator", "-q", "-p", "no:cacheprovider", str(Path(__file__).parent)]


def main() -> int:
    """Return the exit code: 1 where a check or a measurement failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rehearse", action="store_true", help="on the processor, small sizes")
    rehearse = options.parse_args().rehearse
    # What a machine has of pytest's plugins is no part of the checks.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if rehearse:
        os.environ["JAX_PLATFORMS"] = "cpu"
    # Imported after the variable is set, which JAX reads once.
    import jax

    if jax.default_backend() == "cpu" and not rehearse:
        devices = ", ".join(map(str, jax.devices()))
        print(f"no accelerator was found; JAX's devices: {devices}")
        return 0
    run = Run(Path(os.environ.get("OUT") or ".") / "accelerator.json")
    run.check()
    run.measure(tiny=rehearse)
    run.show()
    return 1 if run.failures else 0


class Run:
    """What was found so far; written after each step, so that a run cut short leaves it."""

    def __init__(self, file: Path):
        """Start the clock.

        Args:
            file: what is written.
        """
        self.failures: list[str] = []
        self._rows: list[Row] = []
        self._left_out: list[str] = []
        self._file, self._start = file, time.monotonic()

    def check(self) -> None:
        """Compare the device's results with the processor's."""
        code = pytest.main(CHECKS, plugins=[self])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.failures.append(f"the checks did not run: pytest ended with code {int(code)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test found, of pytest itself."""
        from dvs_jax.benchmarks.accelerator import Row

        name = report.location[2].removeprefix("test_").replace("_", " ")
        if report.failed:
            self.failures.append(f"the check “{name}” failed")
        if report.when != "call":
            return
        found = [Row("against the processor", what, *each) for what, each in report.user_properties]
        outcome = Row("check", name, math.nan, math.nan, report.outcome)
        self._add(found or [outcome])

    def measure(self, tiny: bool) -> None:
        """Time a measurement of each part, then another of each, while there is time."""
        from dvs_jax.benchmarks.accelerator import PARTS

        waiting = {name: part(tiny) for name, part in PARTS.items()}
        while waiting:
            for name in list(waiting):
                if not tiny and time.monotonic() - self._start > BUDGET_S:
                    self._left_out += waiting
                    return
                rows = self._next(name, waiting[name])
                self._add(rows)
                if not rows:
                    del waiting[name]

    def show(self) -> None:
        """Print the table."""
        from rich.console import Console

        from dvs_jax.benchmarks import accelerator, report

        console = Console(width=None if sys.stdout.isatty() else 140)
        for each in report.render(accelerator.report_of(self._rows, self._remarks())):
            console.print(each)
        print(f"written to {self._file}")

    def _next(self, name: str, part: "Iterator[list[Row]]") -> "list[Row]":
        """Return the rows of a part's next measurement, none after its last or a failure."""
        try:
            return next(part, [])
        # One part's fault is no reason to lose the others, whatever it is.
        except Exception as error:
            first_line = next(iter(str(error).splitlines()), "")
            self.failures.append(f"{name} failed: {type(error).__name__}: {first_line}")
            return []

    def _add(self, rows: "list[Row]") -> None:
        from dvs_jax.benchmarks import accelerator, report

        self._rows += rows
        report.write(accelerator.report_of(self._rows, self._remarks()), self._file)

    def _remarks(self) -> list[str]:
        left_out = [f"left out for want of time: the rest of {name}" for name in self._left_out]
        seconds = time.monotonic() - self._start
        return [*self.failures, *left_out, f"{seconds:.0f} s in all, compilation included"]


if __name__ == "__main__":
    sys.exit(main())
