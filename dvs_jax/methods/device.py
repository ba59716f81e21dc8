"""The optional part of a method that processes many clips at a time on devices."""

from collections.abc import Hashable, Iterator
from typing import Protocol

from jaxtyping import PyTree

from dvs_jax.clip import Clip
from dvs_jax.methods.method import Frame, Method
from dvs_jax.methods.stretch import Stretch


class Task(Protocol):
    """One clip's work on a device. Each method is called by one thread at a time."""

    def feed(self) -> Iterator[Stretch]:
        """Yield the clip's stretches (see `Stretch`), at least one."""
        ...

    def take(self, output: PyTree, count: int) -> None:
        """Take a stretch's results, NumPy arrays; frames from `count` on are padding."""
        ...

    def close(self, error: BaseException | None) -> None:
        """Finish the work, or clean up after an error; called once, at the end."""
        ...


class FrameTask(Task, Protocol):
    """A clip's work whose result is its frames."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed without an error."""
        ...


class DeviceWork(Protocol):
    """A step that devices run on every stretch of a clip, and how a clip is fed to it.

    Called, it maps (weights, carry, stretch) of one clip to (carry, output); it is vectorised over
    many clips along a leading axis.
    """

    weights: PyTree

    def begin(self, stretch: PyTree) -> PyTree:
        """Return a carry of the right shapes and types."""
        ...

    def __call__(self, weights: PyTree, carry: PyTree, stretch: PyTree) -> tuple[PyTree, PyTree]:
        """Process one stretch."""
        ...

    def kind(self, clip: Clip) -> Hashable:
        """Return a key that is equal for clips whose stretches have the same shapes."""
        ...

    def task(self, clip: Clip, crop: float) -> FrameTask | None:
        """Return a clip's task; None where the host has to process it.

        Raises:
            InputError: the clip cannot be read.
        """
        ...


class DeviceMethod(Method, Protocol):
    """A method that can process many clips at a time on devices."""

    def device_work(self) -> DeviceWork | None:
        """Return the work on devices; None where the method's settings need the host."""
        ...


def device_work(method: Method) -> DeviceWork | None:
    """Return a method's work on devices, None where it has none."""
    find = getattr(method, "device_work", None)
    return None if find is None else find()
