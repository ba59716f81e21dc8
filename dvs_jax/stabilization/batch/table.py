"""The outcomes of many clips as a printed table."""

from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from dvs_jax.errors import printable
from dvs_jax.stabilization.batch.outcome import Outcome


def render(outcomes: Sequence[Outcome]) -> Table:
    """Return a row for each clip: its outcome, its speed, and its folder or what went wrong."""
    table = Table("clip", "", title=_summary(outcomes))
    for name in ("frames", "seconds", "frames/s"):
        table.add_column(name, justify="right")
    table.add_column("results, or what went wrong", overflow="fold")
    for outcome in outcomes:
        said = outcome.error or printable(str(outcome.job.folder))
        clip = printable(str(outcome.job.clip))
        table.add_row(clip, outcome.state, *_speed(outcome), said)
    return table


def _summary(outcomes: Sequence[Outcome]) -> str:
    count = Counter(outcome.state for outcome in outcomes)
    parts = (f"{count[state]} {state}" for state in ("done", "skipped", "failed") if count[state])
    return f"{len(outcomes)} clips: {', '.join(parts)}"


def _speed(outcome: Outcome) -> tuple[str, str, str]:
    if outcome.state != "done":
        return "", "", ""
    rate = outcome.frames / outcome.seconds
    return str(outcome.frames), f"{outcome.seconds:.1f}", f"{rate:.1f}"
