"""A queue of clips in one run: a clip that fails does not stop it, and it can be resumed."""

from dvs_jax.stabilization.batch.cluster import on_cluster
from dvs_jax.stabilization.batch.job import Job, jobs_of
from dvs_jax.stabilization.batch.on_devices import devices_suit, on_devices, process_for
from dvs_jax.stabilization.batch.outcome import Outcome
from dvs_jax.stabilization.batch.run import one_by_one, run

__all__ = [
    "Job",
    "Outcome",
    "devices_suit",
    "jobs_of",
    "on_cluster",
    "on_devices",
    "one_by_one",
    "process_for",
    "run",
]
