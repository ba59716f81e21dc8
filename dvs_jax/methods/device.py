"""Methods whose work on many clips goes onto devices side by side: optional for a method."""

from collections.abc import Hashable, Iterator
from typing import Protocol

from jaxtyping import PyTree

from dvs_jax.clip import Clip
from dvs_jax.methods.method import Frame, Method
from dvs_jax.methods.stretch import Stretch


class Task(Protocol):
    """One clip's work. Each method is called by one thread at a time."""

    def feed(self) -> Iterator[Stretch]:
        """Yield the clip's stretches, at least one."""
        ...

    def take(self, output: PyTree, count: int) -> None:
        """Take a stretch's results, NumPy arrays, of which `count` frames are the clip's."""
        ...

    def close(self, error: BaseException | None) -> None:
        """Finish the work, or clean up after an error; called once, after all else."""
        ...


class FrameTask(Task, Protocol):
    """A clip's work that ends in its frames."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed without an error."""
        ...


class DeviceWork(Protocol):
    """What devices do to every stretch of a clip, and how a clip is fed to them.

    Called, it turns (weights, carry, stretch) of one clip into (carry, output); many clips run side
    by side with a leading axis.
    """

    weights: PyTree

    def begin(self, stretch: PyTree) -> PyTree:
        """Return a carry of the right shapes and types."""
        ...

    def __call__(self, weights: PyTree, carry: PyTree, stretch: PyTree) -> tuple[PyTree, PyTree]:
        """Work on one stretch."""
        ...

    def kind(self, clip: Clip) -> Hashable:
        """Return what clips have in common whose stretches have the same shapes."""
        ...

    def task(self, clip: Clip, crop: float) -> FrameTask | None:
        """Return a clip's work; None where the host has to do it.

        Raises:
            InputError: the clip cannot be read.
        """
        ...


class DeviceMethod(Method, Protocol):
    """A method that many clips can go through on devices."""

    def device_work(self) -> DeviceWork | None:
        """Return the work; None where the method, as it is set up, needs the host."""
        ...


def device_work(method: Method) -> DeviceWork | None:
    """Return a method's work on devices, None where it has none."""
    find = getattr(method, "device_work", None)
    return None if find is None else find()
