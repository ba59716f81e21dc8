"""What the library has to say, in the log, as lines for a person."""

import contextlib
import logging
from collections.abc import Iterator

from dvs_jax.cli import printing


class _Notes(logging.Handler):
    """Shows what the library has to say, each thing once, above the bar."""

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
    """Show what is logged meanwhile, and leave the loggers as they were."""
    logger, notes = logging.getLogger("dvs_jax"), _Notes()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(notes)
    # Some library gives the root logger a handler of its own, which would say all of it again.
    logger.propagate = False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(notes)
        logger.setLevel(level)
        logger.propagate = propagate
