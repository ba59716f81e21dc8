"""The interface by which long work reports its progress."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Track(Protocol):
    """Passes items on and reports, under a label, how many of `total` have been taken."""

    def __call__(self, items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
        """Return the items, each reported as it is taken."""


def silently(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
    """Pass the items on and report nothing."""
    return items
