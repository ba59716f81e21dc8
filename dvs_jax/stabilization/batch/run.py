"""Processing a queue of clips."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError, printable
from dvs_jax.stabilization.batch import record
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.batch.outcome import Outcome
from dvs_jax.stabilization.batch.record import Settings
from dvs_jax.stabilization.report import Report

logger = logging.getLogger("dvs_jax")

Stabilize = Callable[[Clip, Path], Report]
"""Stabilises one clip into a folder."""

Load = Callable[[Path], Clip]
"""Loads the clip at a path; see `load_clip`."""

Process = Callable[[Iterable[Job]], Iterator[Outcome]]
"""Processes all jobs, in any order, and yields each one's outcome; a failed job raises nothing."""


def run(
    jobs: Sequence[Job], process: Process, settings: Settings, resume: bool
) -> Iterator[Outcome]:
    """Process a queue, and write a note for each clip that is done (see `record`).

    Args:
        jobs: the queue.
        process: processes clips; see `one_by_one`.
        settings: all settings that the results depend on, for the note.
        resume: whether to skip a clip that such a note says is done and whose results all exist.

    Yields:
        Each job's outcome, as soon as it ends.
    """
    sources: dict[Job, str] = {}
    for job in jobs:
        try:
            source = record.source_of(job)
        except (InputError, OSError) as error:
            yield Outcome(job, "failed", error=str(error))
            continue
        if resume and record.is_finished(job, source, settings):
            yield Outcome(job, "skipped")
        else:
            sources[job] = source
    for outcome in process(sources):
        yield _noted(outcome, sources[outcome.job], settings)


def _noted(outcome: Outcome, source: str, settings: Settings) -> Outcome:
    if outcome.report is None:
        return outcome
    try:
        record.write(outcome.job, source, settings, outcome.report)
    except (InputError, OSError) as error:
        return Outcome(outcome.job, "failed", error=str(error))
    return outcome


def one_by_one(stabilize: Stabilize, load: Load = load_clip) -> Process:
    """Return a function that processes one clip after the other."""
    return lambda jobs: (attempt(job, stabilize, load) for job in jobs)


def attempt(job: Job, stabilize: Stabilize, load: Load) -> Outcome:
    """Return how the work on one clip ends; an error is in the outcome."""
    start = time.perf_counter()
    try:
        clip = load(job.clip)
        report = stabilize(clip, job.folder)
    except Exception as error:
        # No error of one clip, not even a bug of ours, may stop the others.
        return failure(job, error)
    return Outcome(job, "done", clip.frame_count, time.perf_counter() - start, report)


def failure(job: Job, error: Exception) -> Outcome:
    """Return the outcome of a job that an error ended."""
    logger.debug("%s", job.clip, exc_info=error)
    foreseen = isinstance(error, (InputError, OSError))
    message = str(error) if foreseen else f"{job.clip}: {type(error).__name__}: {error}"
    return Outcome(job, "failed", error=printable(message))
