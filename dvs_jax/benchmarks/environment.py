"""The machine and the versions that a benchmark ran on."""

import datetime
import os
import platform
from dataclasses import dataclass, field

import jax

import dvs_jax


def _devices() -> str:
    return f"{jax.local_device_count()} × {jax.local_devices()[0].device_kind}"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


@dataclass(frozen=True)
class Environment:
    """The machine and the versions, as this process sees them.

    Attributes:
        package: version of dvs-jax.
        jax: version of JAX.
        python: version of Python.
        devices: how many local devices JAX uses, and their kind.
        cores: how many processors this process may use.
        date: of the measurement, in UTC.
    """

    package: str = field(default_factory=lambda: dvs_jax.__version__)
    jax: str = jax.__version__
    python: str = field(default_factory=platform.python_version)
    devices: str = field(default_factory=_devices)
    cores: int = field(default_factory=_cores)
    date: str = field(default_factory=_today)

    def __str__(self) -> str:
        """Return all of it in one line."""
        versions = f"dvs-jax {self.package}, JAX {self.jax}, Python {self.python}"
        return f"{versions}, {self.devices}, {self.cores} cores, {self.date}"
