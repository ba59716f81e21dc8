"""The library's log messages, printed as lines for people."""

import contextlib
import logging
from collections.abc import Iterator

from dvs_jax.cli import printing


class _Notes(logging.Handler):
    """Prints log messages, each text once, above the progress bar."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        kind = "note" if record.levelno < logging.WARNING else record.levelname.lower()
        line = f"{kind}: {record.getMessage()}"
        if line not in self._said:
            self._said.add(line)
            printing.print_line(printing.err, line)


@contextlib.contextmanager
def notes_shown() -> Iterator[None]:
    """Print log messages while the context lasts, and restore the loggers at its end."""
    logger, notes = logging.getLogger("dvs_jax"), _Notes()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(notes)
    # Some libraries add a handler to the root logger, which would print every message again.
    logger.propagate = False
    say(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(notes)
        logger.setLevel(level)
        logger.propagate = propagate


def say(least: int) -> None:
    """Print messages from a level on, such as `logging.INFO`."""
    logging.getLogger("dvs_jax").setLevel(least)
