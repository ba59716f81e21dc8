"""Drawing one clip on devices: the stretches fed to a lane, and the frames that come back."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax.methods.stretch import Stretch, chunks, filled
from dvs_jax.stabilization.devices.draw import DrawStretch, Planes


class DrawnFrame(NamedTuple):
    """A frame to draw, on the host.

    Attributes:
        picture: its planes (see `Planes`).
        source: float32 [rows, columns, 2], its backward grid (see `warping.grid`).
        kept: float32 [video], the central fraction of each axis that each video shows.
    """

    picture: Planes
    source: Float[np.ndarray, "rows columns 2"]
    kept: Float[np.ndarray, "video"]


class DrawTask:
    """A clip whose frames are drawn."""

    def __init__(
        self,
        frames: Iterable[DrawnFrame],
        write: Callable[[Planes], None],
        close: Callable[[BaseException | None], None],
    ):
        """Describe the clip.

        Args:
            frames: all of them, in order.
            write: takes each frame drawn for every video, [video, ...], in order.
            close: called at the end, with the error if one ended the task.
        """
        self._frames = frames
        self._write, self.close = write, close

    def feed(self) -> Iterator[Stretch]:
        """Yield a `DrawStretch` for each stretch."""
        for chunk in chunks(self._frames):
            stacked = filled(jax.tree.map(lambda *arrays: np.stack(arrays), *chunk))
            yield Stretch(DrawStretch(*stacked), len(chunk))

    def take(self, output: Planes, count: int) -> None:
        """Pass a stretch's drawn frames to `write`."""
        for index in range(count):
            self._write(Planes(output.luma[index], output.chroma[index]))
