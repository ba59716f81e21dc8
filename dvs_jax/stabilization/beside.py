"""What travels beside the things that a stage works on."""

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
    """Run a stage on the second of each two things, and put the first beside what it makes of it.

    Args:
        items: pairs, such as of a picture and its flow.
        stage: yields one thing for each that it takes, in order, however much later: pictures wait
            until the path that leads past them is known.
    """
    waiting: deque[Companion] = deque()

    def given() -> Iterator[Given]:
        for companion, item in items:
            waiting.append(companion)
            yield item

    for made in stage(given()):
        yield waiting.popleft(), made
