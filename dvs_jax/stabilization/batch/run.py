"""A queue of clips, worked off."""

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
"""Loads the clip that a path means; see `load_clip`."""

Process = Callable[[Iterable[Job]], Iterator[Outcome]]
"""Works on all jobs, in any order, and yields how each ended; raises for none of them."""


def run(
    jobs: Sequence[Job], process: Process, settings: Settings, resume: bool
) -> Iterator[Outcome]:
    """Work off a queue and note of each clip that is done how it was done.

    Args:
        jobs: the queue.
        process: works on clips; see `one_by_one`.
        settings: all that decides what a clip becomes, for the note.
        resume: whether a clip is skipped that such a note says is done already, and whose results
            are all there.

    Yields:
        How each job ended, as soon as it has.
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
    """Return what works on one clip after the other."""
    return lambda jobs: (_attempt(job, stabilize, load) for job in jobs)


def _attempt(job: Job, stabilize: Stabilize, load: Load) -> Outcome:
    start = time.perf_counter()
    try:
        clip = load(job.clip)
        report = stabilize(clip, job.folder)
    except Exception as error:
        # Whatever one clip makes go wrong, even our own fault, the others are still to be done.
        return failure(job, error)
    return Outcome(job, "done", clip.frame_count, time.perf_counter() - start, report)


def failure(job: Job, error: Exception) -> Outcome:
    """Return the outcome of work that an error ended."""
    logger.debug("%s", job.clip, exc_info=error)
    foreseen = isinstance(error, (InputError, OSError))
    message = str(error) if foreseen else f"{job.clip}: {type(error).__name__}: {error}"
    return Outcome(job, "failed", error=printable(message))
