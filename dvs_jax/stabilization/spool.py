"""The grids of a whole clip in a temporary file, for methods that need all before drawing."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import numpy as np

from dvs_jax.methods import Frame


class Spool:
    """Keeps frames' grids in a temporary file, 17 kB each at full HD: about the video's own size.

    Used as a context manager: the file is removed at its end, and when the process is killed.
    """

    def __init__(self, folder: Path | None = None):
        """Choose where the file lies; None takes the system's folder for temporary files."""
        self._folder = folder

    def __enter__(self) -> Self:
        """Make the file."""
        self._file = TemporaryFile(dir=self._folder)
        self._shape: tuple[int, ...] = ()
        self._poses: list[np.ndarray | None] = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove it."""
        self._file.close()

    def write(self, frames: Iterable[Frame]) -> None:
        """Append frames, all of one shape."""
        for frame in frames:
            self._shape = frame.source.shape
            self._poses.append(frame.pose)
            self._file.write(np.ascontiguousarray(frame.source, np.float32).tobytes())

    def __iter__(self) -> Iterator[Frame]:
        """Yield all frames from the first on."""
        self._file.seek(0)
        size = 4 * int(np.prod(self._shape))
        for pose in self._poses:
            source = np.frombuffer(self._file.read(size), np.float32).reshape(self._shape)
            yield Frame(source, pose)
