"""What is printed: results to the one stream, and what is said beside them to the other."""

from pathlib import Path

from rich.console import Console

from dvs_jax.errors import printable

out = Console(markup=False, emoji=False, highlight=False)
err = Console(stderr=True, markup=False, emoji=False, highlight=False)


def print_line(console: Console, text: str) -> None:
    """Print a text as one line, however narrow the terminal is, that it shows and does not obey."""
    console.print(printable(text), soft_wrap=True)


def print_file(what: str, path: Path, more: str = "") -> None:
    """Print where a result lies."""
    print_line(out, f"{what:>16}: {path} {more}".rstrip())
