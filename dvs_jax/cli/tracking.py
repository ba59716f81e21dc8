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
    """Frames per second so far."""

    def render(self, task: Task) -> Text:
        rate = task.completed / task.finished_time if task.finished_time else task.speed
        return Text("" if rate is None else f"{rate:.1f} frames/s")


def bar() -> Progress:
    """Return a progress bar; shown on a terminal only, and not where nothing is to be said."""
    return Progress(
        TextColumn("{task.description:>12}", table_column=Column(no_wrap=True)),
        BarColumn(),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True)),
        console=printing.err,
        disable=printing.out.quiet or not printing.err.is_terminal,
    )


@contextlib.contextmanager
def tracking() -> Iterator[Track]:
    """Yield a `Track` that shows a progress bar for each task, one at a time."""
    with contextlib.ExitStack() as shown:

        def track(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
            shown.close()
            progress = shown.enter_context(bar())
            return progress.track(items, total=total, description=label)

        yield track
