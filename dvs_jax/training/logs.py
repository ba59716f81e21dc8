"""A run's logs: a line on the console, TensorBoard, and a file of JSON lines."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import jax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dvs_jax.bounded_file import read_bytes
from dvs_jax.errors import InputError, reading
from dvs_jax.training.board import Board, Picture
from dvs_jax.whole_file import make_folder, replacing

METRICS_FILE, TENSORBOARD_FOLDER = "metrics.jsonl", "tensorboard"

LARGEST_BYTES = 256 << 20
"""Bytes of the JSON lines: more than a million lines."""


class Log:
    """The log of a run in its folder; with several processes only the first writes.

    Args:
        workdir: the run's folder; `metrics.jsonl` and `tensorboard/` are written there.
        step: the step from which the run resumes; entries of later steps are dropped.
        steps: the total number of steps.

    Raises:
        InputError: the folder cannot be written to.
    """

    def __init__(self, workdir: Path, step: int, steps: int):
        self._writes = jax.process_index() == 0
        if not self._writes:
            return
        self._workdir = workdir
        make_folder(workdir / TENSORBOARD_FOLDER)
        keep_until(workdir / METRICS_FILE, step)
        with self._telling():
            self._lines = (workdir / METRICS_FILE).open("a", encoding="utf-8")
            self._board = Board(workdir / TENSORBOARD_FOLDER, step)
        self._progress = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
        )
        self._task = self._progress.add_task("training", total=steps, completed=step)
        self._progress.start()

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files and the progress bar."""
        if not self._writes:
            return
        self._progress.stop()
        for file in (self._lines, self._board):
            # All is written by now, except what has failed and was reported already.
            with contextlib.suppress(OSError):
                file.close()

    def advance(self, step: int) -> None:
        """Move the progress bar to a step."""
        if self._writes:
            self._progress.update(self._task, completed=step)

    def say(self, text: str) -> None:
        """Print a line above the progress bar."""
        if self._writes:
            self._progress.console.print(text, markup=False, soft_wrap=True)

    def numbers(self, step: int, epoch: int, values: Mapping[str, float]) -> None:
        """Write a step's values to all logs.

        Args:
            step: counted from 1.
            epoch: counted from 1.
            values: by name.

        Raises:
            InputError: they cannot be written.
        """
        if not self._writes:
            return
        with self._telling():
            self._lines.write(json.dumps({"step": step, "epoch": epoch, **values}) + "\n")
            self._lines.flush()
            self._board.numbers(step, values)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        self.say(f"step {step}  epoch {epoch}  {shown}")

    def picture(self, step: int, picture: Picture) -> None:
        """Show a picture in TensorBoard.

        Args:
            step: counted from 1.
            picture: uint8 [height, width, 3], RGB.

        Raises:
            InputError: it cannot be written.
        """
        if self._writes:
            with self._telling():
                self._board.picture(step, "paths", picture)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"{self._workdir}: the log cannot be written: {error.strerror}; make room and "
                "give the same command again"
            ) from error


def keep_until(path: Path, step: int) -> None:
    """Drop a log's lines of later steps, and a last line cut short by a killed process.

    Args:
        path: the JSON lines file; it may be missing.
        step: the last step to keep.

    Raises:
        InputError: the file cannot be rewritten, or has a line that is not a log entry.
    """
    if not path.exists():
        return
    lines = read_bytes(path, LARGEST_BYTES).splitlines(keepends=True)
    whole = [line for line in lines if line.endswith(b"\n")]
    kept = [line for n, line in enumerate(whole, 1) if _step(line, f"{path}:{n}") <= step]
    with replacing(path) as part:
        part.write_bytes(b"".join(kept))


def _step(line: bytes, place: str) -> int:
    with reading(place, "is no line of a log", "remove it"):
        return int(json.loads(line)["step"])
