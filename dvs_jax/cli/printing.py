"""Printing: results to standard output, messages to standard error."""

from pathlib import Path

from rich.console import Console

from dvs_jax.errors import printable

out = Console(markup=False, emoji=False, highlight=False)
err = Console(stderr=True, markup=False, emoji=False, highlight=False)


def print_line(console: Console, text: str) -> None:
    """Print a text as one line, not wrapped, with control characters made visible."""
    console.print(printable(text), soft_wrap=True)


def print_file(what: str, path: Path, more: str = "") -> None:
    """Print the path of a result."""
    print_line(out, f"{what:>16}: {path} {more}".rstrip())
