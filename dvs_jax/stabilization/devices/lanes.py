"""Many clips at a time on devices: a batch axis of lanes, one clip a lane.

Every call of the compiled program processes a stretch (a fixed number of frames) of each lane's
clip. When a clip ends, the next one takes its lane. Meanwhile threads read one stretch ahead and
write one behind.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from dvs_jax.methods.device import Task
from dvs_jax.methods.stretch import Stretch

_AXIS = "lane"


class Ended(NamedTuple):
    """A closed task, and the error that ended it, if any."""

    task: Any
    error: Exception | None


class Program:
    """A function of one lane, vectorised over lanes, sharded over devices and compiled."""

    def __init__(
        self,
        step: Callable[[PyTree, PyTree, PyTree], tuple[PyTree, PyTree]],
        begin: Callable[[PyTree], PyTree],
        weights: PyTree,
        lanes_per_device: int,
        devices: Sequence[jax.Device] | None = None,
    ):
        """Put the weights on every device.

        Args:
            step: (weights, carry, stretch) to (carry, output), of one lane.
            begin: stretch to a carry of the right shapes and types; its values are not used.
            weights: arrays that all lanes share.
            lanes_per_device: how many lanes each device has.
            devices: those to use; None for all local ones.
        """
        mesh = Mesh(np.array(jax.local_devices() if devices is None else devices), (_AXIS,))
        self.lanes = lanes_per_device * mesh.size
        self._begin = begin
        self._by_lane = NamedSharding(mesh, PartitionSpec(_AXIS))
        self._weights = jax.device_put(weights, NamedSharding(mesh, PartitionSpec()))
        by_lane = PartitionSpec(_AXIS)
        sharded = jax.shard_map(
            jax.vmap(step, in_axes=(None, 0, 0)),
            mesh=mesh,
            in_specs=(PartitionSpec(), by_lane, by_lane),
            out_specs=(by_lane, by_lane),
            check_vma=False,
        )
        # Compiled once for each size of the stretches, so once for each size of the frames.
        self.compiled = jax.jit(sharded, donate_argnums=1, out_shardings=self._by_lane)

    def put(self, stretches: Sequence[PyTree]) -> PyTree:
        """Put one stretch a lane onto the devices."""
        stacked = jax.tree.map(lambda *arrays: np.stack(arrays), *stretches)
        return jax.device_put(stacked, self._by_lane)

    def first_carry(self, stretch: PyTree) -> PyTree:
        """Return a carry for all lanes; the step ignores it in a clip's first stretch."""
        shapes = jax.eval_shape(self._begin, stretch)
        zeros = jax.tree.map(lambda one: np.zeros((self.lanes, *one.shape), one.dtype), shapes)
        return jax.device_put(zeros, self._by_lane)

    def __call__(self, carry: PyTree, stretches: PyTree) -> tuple[PyTree, PyTree]:
        """Run a stretch of every lane; asynchronous: the arrays returned may not be ready yet."""
        return self.compiled(self._weights, carry, stretches)


def without_weights(step: Callable[[PyTree], PyTree]) -> Callable[..., tuple[PyTree, PyTree]]:
    """Return a `Program` step made of a function that has neither weights nor a carry."""
    return lambda weights, carry, stretch: (carry, step(stretch))


class _Lane:
    """A running task: one thread reads ahead, another writes the results."""

    def __init__(self, task: Task, pool: ThreadPoolExecutor):
        self.task, self._pool = task, pool
        self.error: Exception | None = None
        self._feed = iter(task.feed())
        self._ahead: Future[Stretch | None] = pool.submit(next, self._feed, None)
        self._writing: Future[None] | None = None

    def next_stretch(self) -> Stretch | None:
        """Return the next stretch, or None at the end or after an error."""
        stretch = None if self.error else self._result(self._ahead)
        if stretch is not None:
            self._ahead = self._pool.submit(next, self._feed, None)
        return stretch

    def hand_over(self, output: PyTree, count: int) -> None:
        """Queue results for writing, in order."""
        if self._writing is not None:
            self._result(self._writing)
        if self.error is None:
            self._writing = self._pool.submit(self.task.take, output, count)

    def close(self) -> Ended:
        """Wait for the threads and close the task."""
        for future in self._futures():
            self._result(future)
        try:
            self.task.close(self.error)
        except Exception as error:
            self.error = self.error or error
        return Ended(self.task, self.error)

    def abandon(self, error: BaseException) -> None:
        """Clean up after an error that stops all lanes."""
        for future in self._futures():
            if not future.cancel():
                future.exception()
        # The other lanes have to be cleaned up too, and the first error is the one to report.
        with contextlib.suppress(Exception):
            self.task.close(error)

    def _futures(self) -> list[Future[Any]]:
        return [self._ahead] if self._writing is None else [self._ahead, self._writing]

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except Exception as error:
            # One clip's error does not stop the others.
            self.error = self.error or error
            return None


def drive(program: Program, tasks: Iterable[Task]) -> Iterator[Ended]:
    """Run tasks until all are done.

    Args:
        program: run on every stretch.
        tasks: all of the same shapes; started one by one as lanes become free.

    Yields:
        Each task once it is closed. An error in a task, of whatever kind, ends that task alone.
    """
    with ThreadPoolExecutor(2 * program.lanes, "lane") as pool:
        work = _Work(program, (_Lane(task, pool) for task in tasks))
        try:
            yield from work.until_done()
        except BaseException as error:
            work.abandon(error)
            raise


class _Work:
    def __init__(self, program: Program, waiting: Iterator[_Lane]):
        self._program, self._waiting = program, waiting
        self._lanes: list[_Lane | None] = [None] * program.lanes
        self._ending: list[_Lane] = []
        self._running: tuple[PyTree, list[tuple[int, _Lane, int]]] | None = None
        self._carry: PyTree = None

    def until_done(self) -> Iterator[Ended]:
        while True:
            stretches = [self._next_stretch(index) for index in range(len(self._lanes))]
            ended, self._ending = self._ending, []
            before, self._running = self._running, None
            some = next((each for each in stretches if each is not None), None)
            if some is not None:
                self._start(stretches, some)
            if before is not None:
                self._hand_over(*before)
            for lane in ended:
                yield lane.close()
            if some is None:
                return

    def abandon(self, error: BaseException) -> None:
        for lane in (*self._ending, *filter(None, self._lanes)):
            lane.abandon(error)

    def _next_stretch(self, index: int) -> Stretch | None:
        while True:
            lane = self._lanes[index] = self._lanes[index] or next(self._waiting, None)
            if lane is None:
                return None
            stretch = lane.next_stretch()
            if stretch is not None:
                return stretch
            self._lanes[index] = None
            self._ending.append(lane)

    def _start(self, stretches: list[Stretch | None], some: Stretch) -> None:
        if self._carry is None:
            self._carry = self._program.first_carry(some.arrays)
        # Lanes without a clip are padded with another's stretch; their results are dropped.
        arrays = self._program.put([(each or some).arrays for each in stretches])
        self._carry, output = self._program(self._carry, arrays)
        owners = [
            (index, lane, each.frames)
            for index, (lane, each) in enumerate(zip(self._lanes, stretches, strict=True))
            if lane is not None and each is not None
        ]
        self._running = output, owners

    def _hand_over(self, output: PyTree, owners: list[tuple[int, _Lane, int]]) -> None:
        fetched = jax.device_get(output)
        for index, lane, count in owners:
            lane.hand_over(jax.tree.map(lambda array, at=index: array[at], fetched), count)
