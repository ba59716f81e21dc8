"""Long work as bars on the terminal, with its speed and the time that is left."""

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
    """Frames per second so far."""

    def render(self, task: Task) -> Text:
        rate = task.completed / task.finished_time if task.finished_time else task.speed
        return Text("" if rate is None else f"{rate:.1f} frames/s")


def bar() -> Progress:
    """Return what shows a piece of work; shown on a terminal alone."""
    return Progress(
        TextColumn("{task.description:>12}", table_column=Column(no_wrap=True)),
        BarColumn(),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True)),
        console=printing.err,
        disable=not printing.err.is_terminal,
    )


@contextlib.contextmanager
def tracking() -> Iterator[Track]:
    """Show each piece of long work as a bar, one after the other; only a person needs to see it."""
    with contextlib.ExitStack() as shown:

        def track(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
            shown.close()
            progress = shown.enter_context(bar())
            return progress.track(items, total=total, description=label)

        yield track
