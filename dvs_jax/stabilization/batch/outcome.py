"""How the work on one clip ended."""

from dataclasses import dataclass
from typing import Literal

from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.report import Report


@dataclass(frozen=True)
class Outcome:
    """How the work on one clip ended.

    Attributes:
        job: the work.
        state: "done"; "skipped", as an earlier run has finished it; or "failed".
        frames: how many frames were stabilised.
        seconds: wall time from the start of the work on the clip to its end; where several run at
            a time, their sum exceeds the time that passed.
        report: the results of a clip that is done.
        error: why a clip failed, in one line.
    """

    job: Job
    state: Literal["done", "skipped", "failed"]
    frames: int = 0
    seconds: float = 0.0
    report: Report | None = None
    error: str = ""
