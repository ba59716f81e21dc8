"""TensorBoard's event files."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog

Picture = UInt8[np.ndarray, "height width 3"]


class Board:
    """An event file, written without a thread, so that disk errors are raised here.

    tensorboardX's SummaryWriter writes in a thread, which fails if the disk is full and leaves the
    run hanging.

    Args:
        folder: TensorBoard's log folder, which exists.
        step: the step from which the run resumes; TensorBoard drops later ones.

    Raises:
        OSError: the file cannot be written; all methods raise it.
    """

    def __init__(self, folder: Path, step: int):
        # Files are named by the second, and a run may be resumed within one.
        self._writer = EventsWriter(str(folder / "events"), f".{step}.{os.getpid()}")
        self._writer.write_event(
            Event(
                wall_time=time.time(),
                step=step + 1,
                session_log=SessionLog(status=SessionLog.START),
            )
        )

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Write values by name."""
        for name, value in values.items():
            self._write(step, summary.scalar(name, value))
        self._writer.flush()

    def picture(self, step: int, name: str, picture: Picture) -> None:
        """Write a picture: uint8 [height, width, 3], RGB."""
        self._write(step, summary.image(name, picture, dataformats="HWC"))
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _write(self, step: int, content: object) -> None:
        self._writer.write_event(Event(wall_time=time.time(), step=step, summary=content))
