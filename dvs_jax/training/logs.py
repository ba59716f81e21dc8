"""What a run tells: a line on the console, TensorBoard, and a file of JSON lines."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import jax
import numpy as np
from jaxtyping import UInt8
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tensorboardX import SummaryWriter

from dvs_jax.errors import InputError
from dvs_jax.whole_file import make_folder, replacing

Picture = UInt8[np.ndarray, "height width 3"]

METRICS_FILE, TENSORBOARD_FOLDER = "metrics.jsonl", "tensorboard"


class Log:
    """The log of a run in its folder; of several processes only the first writes.

    Args:
        workdir: the run's folder; `metrics.jsonl` and `tensorboard/` are written there.
        step: the step the run goes on from; what was logged of later ones is dropped.
        steps: how many there are to be in all.

    Raises:
        InputError: the folder cannot be written to.
    """

    def __init__(self, workdir: Path, step: int, steps: int):
        self._writes = jax.process_index() == 0
        if not self._writes:
            return
        make_folder(workdir)
        self._path = workdir / METRICS_FILE
        keep_until(self._path, step)
        self._lines = self._path.open("a", encoding="utf-8")
        self._board = SummaryWriter(str(workdir / TENSORBOARD_FOLDER), purge_step=step + 1)
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
        if self._writes:
            self._progress.stop()
            self._lines.close()
            self._board.close()

    def advance(self, step: int) -> None:
        """Move the progress bar to a step."""
        if self._writes:
            self._progress.update(self._task, completed=step)

    def say(self, text: str) -> None:
        """Print a line above the progress bar."""
        if self._writes:
            self._progress.console.print(text, markup=False, soft_wrap=True)

    def numbers(self, step: int, epoch: int, values: Mapping[str, float]) -> None:
        """Write values of a step everywhere.

        Args:
            step: counted from 1.
            epoch: counted from 1.
            values: by name.

        Raises:
            InputError: the file cannot be written.
        """
        if not self._writes:
            return
        line = json.dumps({"step": step, "epoch": epoch, **values})
        try:
            self._lines.write(line + "\n")
            self._lines.flush()
        except OSError as error:
            raise InputError(
                f"{self._path}: cannot be written: {error.strerror}; make room and give the same "
                "command again"
            ) from error
        for name, value in values.items():
            self._board.add_scalar(name, value, step)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        self.say(f"step {step}  epoch {epoch}  {shown}")

    def picture(self, step: int, picture: Picture) -> None:
        """Show a picture in TensorBoard.

        Args:
            step: counted from 1.
            picture: uint8 [height, width, 3], RGB.
        """
        if self._writes:
            self._board.add_image("paths", picture, step, dataformats="HWC")


def keep_until(path: Path, step: int) -> None:
    """Drop a log's lines of later steps, and what a killed process has left half-written.

    Args:
        path: of the JSON lines; it need not be there.
        step: the last to keep.

    Raises:
        InputError: the file cannot be written anew.
    """
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    with replacing(path) as part:
        part.write_text("".join(kept), encoding="utf-8")
