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
        clip: what is known of it.
        by_gyro: whether its method goes by the gyro.
        frames: yields them, once that is possible; taken once.
        report: what was made, once all is.
        error: what went wrong, if anything has.
    """

    job: Job
    start: float
    clip: Clip
    by_gyro: bool
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
