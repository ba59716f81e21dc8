"""A clip that is processed on devices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dvs_jax.clip import Clip
from dvs_jax.methods import Frame
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.report import Report


@dataclass(eq=False)
class Work:
    """A clip that is processed on devices.

    Attributes:
        job: its paths.
        start: when the work on it began, in seconds of `time.perf_counter`.
        clip: the loaded clip.
        frames: yields its grids, once they can be computed; iterated once.
        report: the results, once all are written.
        error: what went wrong, if anything has.
    """

    job: Job
    start: float
    clip: Clip
    frames: Iterator[Frame] | None = None
    report: Report | None = None
    error: Exception | None = None

    @contextmanager
    def noting_errors(self) -> Iterator[None]:
        """Store an error raised in the block, so that the other clips go on."""
        try:
            yield
        except Exception as error:
            self.error = error
