"""Items that pass a pipeline stage beside the ones that it works on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Companion = TypeVar("Companion")
Given = TypeVar("Given")
Made = TypeVar("Made")


def beside(
    items: Iterable[tuple[Companion, Given]],
    stage: Callable[[Iterator[Given]], Iterable[Made]],
) -> Iterator[tuple[Companion, Made]]:
    """Run a stage on the second item of each pair, and pair its results with the first items.

    Args:
        items: pairs, such as a picture and its flow.
        stage: yields one result for each item that it takes, in order, with any delay; the first
            items are queued until then.
    """
    waiting: deque[Companion] = deque()

    def given() -> Iterator[Given]:
        for companion, item in items:
            waiting.append(companion)
            yield item

    for made in stage(given()):
        yield waiting.popleft(), made
