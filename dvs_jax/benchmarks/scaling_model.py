"""A model of training on many devices: arithmetic, from what was measured on one.

Each device keeps the examples that one had, so the whole batch grows with the devices. After the
backward pass, and not beside it, the gradient is averaged in one ring over all of them; on links
that join some devices faster than others, the ring is as fast as its slowest link. The next batch
is loaded while a step is computed, by one loader on each host.
"""

from typing import NamedTuple

DEVICES_A_HOST = 8


class Link(NamedTuple):
    """What joins a device to the next one in the ring.

    Attributes:
        bytes_per_s: that a device sends while it receives as many.
        latency_s: seconds from a message's begin to its first byte's arrival.
    """

    bytes_per_s: float
    latency_s: float


class Recipe(NamedTuple):
    """A training step on one device.

    Attributes:
        gradient_bytes: of all that is trained.
        examples: of the device's batch.
        step_s: seconds of a step, its data being there.
        loaded_per_s: examples a second that a host's loader makes; infinity where it never lags.
    """

    gradient_bytes: int
    examples: int
    step_s: float
    loaded_per_s: float


def all_reduce_s(size_bytes: float, devices: int, link: Link) -> float:
    """Return the seconds in which all devices get the mean of their arrays, by a ring.

    Each sends 2 (n - 1) messages, one after the other, each of an n-th of the array: Patarasuk and
    Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009.

    Args:
        size_bytes: of the array.
        devices: n; 1 for no message at all.
        link: between them.
    """
    return 2 * (devices - 1) * (link.latency_s + size_bytes / devices / link.bytes_per_s)


def loading_s(recipe: Recipe, devices: int) -> float:
    """Return the seconds in which a host's loader makes the examples of a step of its devices."""
    return min(devices, DEVICES_A_HOST) * recipe.examples / recipe.loaded_per_s


def efficiency(recipe: Recipe, devices: int, link: Link) -> float:
    """Return the examples a second of each device over those of one that waits for nothing."""
    step_s = recipe.step_s + all_reduce_s(recipe.gradient_bytes, devices, link)
    return recipe.step_s / max(step_s, loading_s(recipe, devices))


def fewest_examples(recipe: Recipe, devices: int, link: Link) -> float:
    """Return the examples a device below which averaging takes longer than computing.

    The time of computing is taken to be proportional to the examples.
    """
    return all_reduce_s(recipe.gradient_bytes, devices, link) * recipe.examples / recipe.step_s


def devices_fed(recipe: Recipe) -> float:
    """Return how many devices a host's loader keeps busy."""
    return recipe.loaded_per_s * recipe.step_s / recipe.examples
