"""Clips as tasks of a Ray cluster, which is imported only here and only once it is asked for."""

import contextlib
import dataclasses
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError, reason
from dvs_jax.stabilization.batch.job import Job
from dvs_jax.stabilization.batch.outcome import Outcome
from dvs_jax.stabilization.batch.run import Load, Process, Stabilize, attempt, failure
from dvs_jax.storage import address_of

CORES, MEMORY = 2, 2 << 30
"""What a clip takes: stages in threads keep two cores busy, and full HD takes a GiB, 4K two."""

GPU_SHARE = 0.25
"""Of a GPU, for a method that works on devices: as many clips as a device has lanes in a batch."""

RETRIES = 3
"""How often a clip is begun again whose worker, or whose machine, has died."""

_PATIENCE_S = 20.0

_LONGEST_FOLDER = 36
"""Characters of the folder for temporary files, below which Ray's sockets have names of 70 more; a
system allows them 104 to 107."""

_ADDRESS = re.compile(r"auto|local|ray://[^/:@\s]+:\d{1,5}")

logger = logging.getLogger("dvs_jax")


def on_cluster(
    address: str, stabilize: Stabilize, load: Load = load_clip, by_device: bool = False
) -> Process:
    """Return a function that processes clips as tasks of a Ray cluster, wherever there is room.

    A clip whose worker or machine dies is begun anew elsewhere, at most `RETRIES` times. All nodes
    must see clips and results at the paths at which this process sees them.

    Args:
        address: "auto" for the cluster that RAY_ADDRESS names or this machine belongs to, "local"
            for one of this machine's cores alone, or a head's "ray://HOST:PORT".
        stabilize: stabilises a single clip; a copy of it is sent to the nodes, weights and all.
        load: loads a clip.
        by_device: whether each clip also takes a share of a GPU, where nodes have GPUs.

    The function raises InputError where Ray is not installed, or the cluster cannot be reached.

    Raises:
        InputError: the address is none.
    """
    if not _ADDRESS.fullmatch(address):
        raise InputError(f"--cluster {address}: is none of auto, local and ray://HOST:PORT")

    def process(jobs: Iterable[Job]) -> Iterator[Outcome]:
        waiting = list(jobs)
        if not waiting:
            return
        with _connected(address) as ray:
            needs = needs_of(ray.nodes(), by_device)
            task = ray.remote(**needs, max_retries=RETRIES, retry_exceptions=False)(_task)
            # In a list, so that it is read in the task and not before.
            work = [ray.put((stabilize, load))]
            tasks = {task.remote(work, _absolute(job)): job for job in waiting}
            while tasks:
                (ended,), _ = ray.wait([*tasks], num_returns=1)
                yield _outcome(ray, ended, tasks.pop(ended))

    return process


def needs_of(nodes: Iterable[Mapping[str, Any]], by_device: bool) -> dict[str, float]:
    """Return what a task asks Ray for, no more than the largest node has: it would wait for ever.

    Args:
        nodes: as `ray.nodes` tells of them.
        by_device: whether it wants a share of a GPU.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]

    def most(name: str) -> float:
        return max((node.get(name, 0.0) for node in alive), default=0.0)

    needs = {
        "num_cpus": min(CORES, most("CPU") or CORES),
        "memory": min(MEMORY, int(most("memory")) or MEMORY),
    }
    return needs | {"num_gpus": GPU_SHARE} if by_device and most("GPU") >= GPU_SHARE else needs


def _task(work: list[Any], job: Job) -> tuple[Outcome, list[tuple[int, str]]]:
    """Return a clip's outcome, and what was logged, by level."""
    # Several tasks share a GPU, whose memory the first of them would take.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import ray

    stabilize, load = ray.get(work[0])
    notes = _Notes()
    logger.setLevel(logging.INFO)
    logger.addHandler(notes)
    try:
        return attempt(job, stabilize, load), notes.said
    finally:
        logger.removeHandler(notes)


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append((record.levelno, record.getMessage()))


def _outcome(ray: ModuleType, ended: Any, job: Job) -> Outcome:
    try:
        outcome, notes = ray.get(ended)
    except ray.exceptions.RayTaskError as error:
        return failure(job, InputError(f"{job.clip}: {type(error.cause).__name__}: {error.cause}"))
    except ray.exceptions.RayError as error:
        why = f"its worker died {RETRIES + 1} times ({type(error).__name__}: {reason(error)})"
        return failure(job, InputError(f"{job.clip}: {why}"))
    for level, said in notes:
        logger.log(level, "%s", said)
    return dataclasses.replace(outcome, job=job)


def _absolute(job: Job) -> Job:
    clip, folder = (
        path.absolute() if address_of(path) is None else path for path in (job.clip, job.folder)
    )
    return Job(clip, folder)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[ModuleType]:
    """Yield Ray, connected to the cluster, and disconnect at the end."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A busy machine takes longer than the half minute that Ray gives its own processes.
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
    if len(tempfile.gettempdir()) > _LONGEST_FOLDER:
        os.environ.setdefault("RAY_TMPDIR", "/tmp")
    # It would try for half a minute.
    os.environ.setdefault("RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S", "3")
    os.environ.setdefault("RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S", "6")
    try:
        import ray
    except ImportError:
        raise InputError(
            "--cluster needs Ray, which is not installed: pip install 'dvs-jax[cluster]'"
        ) from None
    _require_reachable(address)
    at_sigterm = signal.getsignal(signal.SIGTERM)
    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": 256 << 20}
    try:
        ray.init(
            address=address,
            logging_level="ERROR",
            log_to_driver=False,
            **(own if address == "local" else {}),
        )
    except Exception as error:
        raise _unreachable(address, reason(error)) from error
    finally:
        signal.signal(signal.SIGTERM, at_sigterm)
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_reachable(address: str) -> None:
    """Raise InputError where nothing answers, which Ray itself waits for minutes for."""
    if address == "auto":
        command = [sys.executable, "-m", "ray.scripts.scripts", "health-check"]
        try:
            answered = subprocess.run(command, timeout=_PATIENCE_S, capture_output=True).returncode
        except subprocess.TimeoutExpired:
            answered = -1
        if answered != 0:
            where = os.environ.get("RAY_ADDRESS", "on this machine, and RAY_ADDRESS is not set")
            raise _unreachable(address, f"no cluster answers {where}")
    elif address != "local":
        at = urlsplit(address)
        try:
            socket.create_connection((at.hostname, at.port), _PATIENCE_S).close()
        except (OSError, ValueError) as error:
            raise _unreachable(address, reason(error)) from error


def _unreachable(address: str, why: str) -> InputError:
    return InputError(
        f"--cluster {address}: cannot be reached ({why}); Ray must run there, of this version and "
        f"under this Python, {sys.version_info.major}.{sys.version_info.minor}"
    )
