"""Many clips by one command: a queue, whose failures stop nothing, and which can be resumed."""

from dvs_jax.batch.job import Job, jobs_of
from dvs_jax.batch.outcome import Outcome
from dvs_jax.batch.record import digest
from dvs_jax.batch.run import one_by_one, run

__all__ = ["Job", "Outcome", "digest", "jobs_of", "one_by_one", "run"]
