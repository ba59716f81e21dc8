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
        state: "done"; "skipped", as an earlier run has done it; or "failed".
        frames: how many frames were stabilised.
        seconds: from the clip's beginning to its end; where several are worked on at a time, the
            sum over all clips is more than the time that passed.
        report: what was made, of a clip that is done.
        error: what went wrong, in one line, of one that failed.
    """

    job: Job
    state: Literal["done", "skipped", "failed"]
    frames: int = 0
    seconds: float = 0.0
    report: Report | None = None
    error: str = ""
