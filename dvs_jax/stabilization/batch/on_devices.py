"""Clips side by side on all local devices, while the host decodes and encodes."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice

import jax

from dvs_jax.clip import load_clip
from dvs_jax.stabilization.batch.drawing import draw_all
from dvs_jax.stabilization.batch.following import find_views
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.batch.options import Options
from dvs_jax.stabilization.batch.outcome import Outcome
from dvs_jax.stabilization.batch.run import Process, failure
from dvs_jax.stabilization.batch.work import Work
from dvs_jax.stabilization.stabilize import check

_CLIPS_PER_LANE = 4
"""Clips whose paths are found before their frames are drawn: the last ones leave lanes idle."""


def on_devices(options: Options) -> Process:
    """Return what works on many clips at a time, on all local devices."""
    at_once = _CLIPS_PER_LANE * options.lanes_per_device * jax.local_device_count()

    def process(jobs: Iterable[Job]) -> Iterator[Outcome]:
        rest = iter(jobs)
        while group := list(islice(rest, at_once)):
            yield from _work_off(group, options)

    return process


def _work_off(jobs: list[Job], options: Options) -> Iterator[Outcome]:
    works = []
    for job in jobs:
        begun = _begun(job, options)
        if isinstance(begun, Outcome):
            yield begun
        else:
            works.append(begun)
    waiting = {work.job for work in works}
    try:
        for outcome in _outcomes(works, options):
            waiting.remove(outcome.job)
            yield outcome
    except Exception as error:
        # The devices' memory is too small, say, which is no one clip's fault.
        yield from (failure(job, error) for job in jobs if job in waiting)


def _outcomes(works: list[Work], options: Options) -> Iterator[Outcome]:
    find_views(works, options)
    yield from (_outcome(work) for work in works if work.error is not None)
    good = [work for work in works if work.error is None]
    yield from map(_outcome, draw_all(good, options))


def _begun(job: Job, options: Options) -> Work | Outcome:
    start = time.perf_counter()
    try:
        clip = load_clip(job.clip)
        check(clip, job.folder, options.method.crop, options.border, options.method.framing)
    except Exception as error:
        return failure(job, error)
    return Work(job, start, clip)


def _outcome(work: Work) -> Outcome:
    if work.error is not None:
        return failure(work.job, work.error)
    seconds = time.perf_counter() - work.start
    return Outcome(work.job, "done", work.clip.frame_count, seconds, work.report)
