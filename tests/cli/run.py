"""Running a command, and the names of the clip's files."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

QUICK = ("--encoder-preset", "ultrafast", "--no-metrics")

GYRO, FRAME, OIS, VIDEO = (
    f"walking{ending}" for ending in ("_gyro.txt", "_frame.txt", "_ois.txt", ".mp4")
)


@dataclass(frozen=True)
class Run:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def lines(self, kind: str) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith(f"{kind}: ")]


def assert_refused(run: Run, complaint: str) -> None:
    """One line that says what is wrong, and nothing else."""
    assert run.code == 2
    assert run.out == ""
    assert re.fullmatch(f"error: .*{complaint}.*\n", run.err), run.err


def edit(log: Path, change: Callable[[list[str]], list[str]]) -> None:
    log.write_text("\n".join(change(log.read_text().splitlines())) + "\n")
