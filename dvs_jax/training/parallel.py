"""Data parallelism: sharding of arrays over devices, and compilation of the step.

The step is written for one device, with the named axis `AXIS`. Under pmap a batch has a leading
device axis and every process sees its own part of it; under shard_map a batch is one global array.
Nothing outside this module depends on the choice.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.training import hosts

AXIS = "data"
KINDS = ("pmap", "shard_map")


def join_hosts(train: ConfigDict) -> None:
    """Initialise JAX's distributed runtime if the config says that the run has several hosts.

    To be called before any other use of JAX. On TPU pods, Slurm and Open MPI the processes find
    one another; elsewhere JAX_COORDINATOR_ADDRESS (host:port), JAX_NUM_PROCESSES and
    JAX_PROCESS_ID must be set.

    Raises:
        InputError: the other processes cannot be found.
    """
    if not train.several_hosts or jax.distributed.is_initialized():
        return
    count, own = (os.environ.get(name) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
    try:
        jax.distributed.initialize(
            num_processes=None if count is None else int(count),
            process_id=None if own is None else int(own),
            # Of JAX's own watch, which ends what `hosts` does not see.
            heartbeat_timeout_seconds=60,
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"config.train.several_hosts: cannot join the other processes: {error}; set "
            "JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID"
        ) from error
    hosts.look_after()


@dataclass(frozen=True)
class Devices:
    """The devices that share each batch.

    Attributes:
        kind: pmap or shard_map.
        all: the devices of all processes, in the same order on each.
    """

    kind: str
    all: tuple[jax.Device, ...]

    def replicate(self, tree: PyTree) -> PyTree:
        """Put a copy of every array on every device.

        Args:
            tree: host arrays, the same on every process.
        """
        return self._put(tree, PartitionSpec())

    def distribute(self, batch: PyTree) -> PyTree:
        """Shard a batch over the devices.

        Args:
            batch: host arrays [example, ...], this process' part of the global batch.
        """
        if self.kind == "pmap":
            count = len(self._local)
            batch = jax.tree.map(lambda x: x.reshape(count, len(x) // count, *x.shape[1:]), batch)
        return self._put(batch, PartitionSpec(AXIS))

    def compile(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Compile step(state, batch, weights) -> (state, metrics) for these devices.

        The step gets one device's shard of the batch, [example, ...], and returns values that are
        equal on all devices. The input state's buffers are donated.
        """
        if self.kind == "pmap":
            return jax.pmap(
                step,
                axis_name=AXIS,
                in_axes=(None, 0, None),
                out_axes=(None, None),
                devices=self.all,
                donate_argnums=0,
            )
        whole = PartitionSpec()
        # With replication checks, shard_map would sum gradients of replicated values over devices
        # itself, and the step would have to differ between pmap and shard_map.
        sharded = jax.shard_map(
            step,
            mesh=self._mesh,
            in_specs=(whole, PartitionSpec(AXIS), whole),
            out_specs=(whole, whole),
            check_vma=False,
        )
        return jax.jit(sharded, donate_argnums=0)

    @cached_property
    def _local(self) -> tuple[jax.Device, ...]:
        return tuple(d for d in self.all if d.process_index == jax.process_index())

    @cached_property
    def _mesh(self) -> Mesh:
        """The device mesh: under pmap each process has its own."""
        return Mesh(np.array(self._local if self.kind == "pmap" else self.all), (AXIS,))

    def _put(self, tree: PyTree, spec: PartitionSpec) -> PyTree:
        sharding = NamedSharding(self._mesh, spec)
        whole = spec == PartitionSpec()
        return jax.tree.map(
            lambda leaf: jax.make_array_from_process_local_data(
                sharding, np.asarray(leaf), np.shape(leaf) if whole else None
            ),
            tree,
        )


def all_devices(train: ConfigDict, devices: Sequence[jax.Device] | None = None) -> Devices:
    """Return the devices to train on.

    Args:
        train: the settings, of which `parallel`, `batch_size` and `micro_batches` are read.
        devices: those of all processes; None for all available ones.

    Raises:
        InputError: the kind of parallelism has no such name, or the batch cannot be split.
    """
    if train.parallel not in KINDS:
        raise InputError(f"config.train.parallel: {train.parallel!r} is none of {', '.join(KINDS)}")
    chosen = tuple(jax.devices() if devices is None else devices)
    if train.batch_size <= 0 or train.batch_size % (len(chosen) * train.micro_batches):
        raise InputError(
            f"config.train.batch_size: {train.batch_size} examples cannot be split over "
            f"{len(chosen)} devices in {train.micro_batches} micro-batches each; "
            "make it a multiple of their product"
        )
    return Devices(train.parallel, chosen)


def own_part(batch_size: int) -> slice:
    """Return which examples of each global batch this process loads: those of its devices."""
    size = batch_size // jax.process_count()
    return slice(jax.process_index() * size, (jax.process_index() + 1) * size)
