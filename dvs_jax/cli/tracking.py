"""Progress bars on the terminal, with speed and remaining time."""

import contextlib
from collections.abc import Iterable, Iterator

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from dvs_jax.cli import printing
from dvs_jax.progress import Item, Track


class _Rate(ProgressColumn):
    """Frames, or what else is counted, per second so far."""

    def __init__(self, unit: str, table_column: Column):
        super().__init__(table_column)
        self._unit = unit

    def render(self, task: Task) -> Text:
        rate = task.completed / task.finished_time if task.finished_time else task.speed
        return Text("" if rate is None else f"{rate:.1f} {self._unit}/s")


def bar(unit: str = "frames") -> Progress:
    """Return a progress bar; shown on a terminal only, and not where nothing is to be said."""
    return Progress(
        TextColumn("{task.description:>12}", table_column=Column(no_wrap=True)),
        BarColumn(),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _Rate(unit, table_column=Column(no_wrap=True)),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True)),
        console=printing.err,
        disable=printing.out.quiet or not printing.err.is_terminal,
    )


@contextlib.contextmanager
def tracking(unit: str = "frames") -> Iterator[Track]:
    """Yield a `Track` that shows a progress bar for each task, one at a time.

    Args:
        unit: what is counted, for the speed.
    """
    with contextlib.ExitStack() as shown:

        def track(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
            shown.close()
            progress = shown.enter_context(bar(unit))
            return progress.track(items, total=total, description=label)

        yield track
