"""Many clips at a time on all local devices, while the host decodes and encodes."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice

import jax

from dvs_jax.clip import load_clip
from dvs_jax.methods import Method, require
from dvs_jax.methods.device import device_work
from dvs_jax.stabilization.batch.drawing import draw_all
from dvs_jax.stabilization.batch.following import find_frames
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.batch.lanes_per_device import LANES_PER_DEVICE
from dvs_jax.stabilization.batch.outcome import Outcome
from dvs_jax.stabilization.batch.run import Load, Process, Stabilize, failure, one_by_one
from dvs_jax.stabilization.batch.work import Work
from dvs_jax.stabilization.settings import Settings
from dvs_jax.stabilization.viewing import default_framing

_CLIPS_PER_LANE = 4
"""Clips per lane in a group whose grids are computed before any is drawn: the more, the less time
lanes are idle at its end."""


def devices_suit(method: Method) -> bool:
    """Return whether to use devices rather than the host, whose OpenCV is faster on a CPU.

    A method that has no work for devices would have the pictures decoded twice.
    """
    return jax.default_backend() != "cpu" and device_work(method) is not None


def on_devices(
    method: Method, settings: Settings, load: Load = load_clip, lanes: int = LANES_PER_DEVICE
) -> Process:
    """Return a function that processes many clips at a time, on all local devices.

    Args:
        method: computes their grids.
        settings: of all clips.
        load: loads a clip.
        lanes: how many clips a device processes at a time.
    """
    at_once = _CLIPS_PER_LANE * lanes * jax.local_device_count()
    group_of = _Group(method, settings, load, lanes)

    def process(jobs: Iterable[Job]) -> Iterator[Outcome]:
        rest = iter(jobs)
        while group := list(islice(rest, at_once)):
            yield from group_of.worked_off(group)

    return process


def process_for(
    method: Method, settings: Settings, stabilize: Stabilize, load: Load = load_clip
) -> Process:
    """Return a function that processes many clips, on devices or one by one on the host.

    Args:
        method: computes their grids.
        settings: of all clips.
        stabilize: stabilises a single clip with these.
        load: loads a clip.
    """
    if devices_suit(method):
        return on_devices(method, settings, load)
    return one_by_one(stabilize, load)


class _Group:
    """Processes clips in groups that fill the devices' lanes."""

    def __init__(self, method: Method, settings: Settings, load: Load, lanes: int):
        self._method, self._settings = method, settings
        self._load, self._lanes = load, lanes

    def worked_off(self, jobs: list[Job]) -> Iterator[Outcome]:
        works = []
        for job in jobs:
            begun = self._begun(job)
            if isinstance(begun, Outcome):
                yield begun
            else:
                works.append(begun)
        waiting = {work.job for work in works}
        try:
            for outcome in self._outcomes(works):
                waiting.remove(outcome.job)
                yield outcome
        except Exception as error:
            # For instance the devices' memory is too small, which is no single clip's fault.
            yield from (failure(job, error) for job in jobs if job in waiting)

    def _outcomes(self, works: list[Work]) -> Iterator[Outcome]:
        find_frames(works, self._method, self._settings.crop, self._lanes)
        yield from (_outcome(work) for work in works if work.error is not None)
        good = [work for work in works if work.error is None]
        framing = self._settings.framing or default_framing(self._method)
        yield from map(_outcome, draw_all(good, self._settings, framing, self._lanes))

    def _begun(self, job: Job) -> Work | Outcome:
        start = time.perf_counter()
        try:
            clip = self._load(job.clip)
            require(self._method, clip)
        except Exception as error:
            return failure(job, error)
        return Work(job, start, clip, "gyro" in self._method.needs)


def _outcome(work: Work) -> Outcome:
    if work.error is not None:
        return failure(work.job, work.error)
    seconds = time.perf_counter() - work.start
    return Outcome(work.job, "done", work.clip.frame_count, seconds, work.report)
