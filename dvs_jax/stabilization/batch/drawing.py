"""The frames of many clips warped on devices, between decoders and encoders on the host."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import av
import numpy as np

from dvs_jax.stabilization.batch.lanes_per_device import lanes_for
from dvs_jax.stabilization.batch.work import Work
from dvs_jax.stabilization.devices.draw import Planes, draw
from dvs_jax.stabilization.devices.lanes import Program, drive, without_weights
from dvs_jax.stabilization.devices.tasks import DrawnFrame, DrawTask
from dvs_jax.stabilization.drawing import shares
from dvs_jax.stabilization.framing import Framing, Shown
from dvs_jax.stabilization.making import Making, finish, making, results_of
from dvs_jax.stabilization.repeats import with_grids
from dvs_jax.stabilization.settings import Settings
from dvs_jax.stabilization.stored_results import results_folder
from dvs_jax.stabilization.viewing import checked, framed_by
from dvs_jax.video import picture as pictures
from dvs_jax.warping import grid
from dvs_jax.whole_file import locked


def draw_all(
    works: Sequence[Work], settings: Settings, framing: Framing, lanes: int
) -> Iterator[Work]:
    """Draw clips and write their results.

    Args:
        works: the clips, with their `frames`.
        settings: of all clips.
        framing: how the crop is chosen.
        lanes: how many clips a device processes at a time.

    Yields:
        Each work as soon as it has its `report`, or its `error`.
    """
    by_size = defaultdict(list)
    for work in works:
        by_size[work.clip.size, work.clip.video.bit_depth].append(work)
    step = without_weights(partial(draw, border=settings.border))
    for alike in by_size.values():
        program = Program(step, lambda _: (), (), lanes_for(len(alike), lanes))
        drawings = [_Drawing(work, settings, framing) for work in alike]
        for drawing, error in drive(program, drawings):
            drawing.work.error = error
            yield drawing.work


class _Drawing(DrawTask):
    """The task of drawing one clip; opens its output files, and closes them at the end."""

    def __init__(self, work: Work, settings: Settings, framing: Framing):
        self.work, self._settings, self._framing = work, settings, framing
        self._files, self._lock = ExitStack(), ExitStack()
        self._made: Making | None = None
        # The frames that the device has not returned yet, with their grids and crops.
        self._begun: deque[tuple[Shown, av.VideoFrame]] = deque()
        super().__init__(self._read_frames(), self._write_frame, self._finish)

    def _read_frames(self) -> Iterator[DrawnFrame]:
        clip, settings = self.work.clip, self._settings
        self._folder = self._lock.enter_context(results_folder(self.work.job.folder, clip.name))
        self._lock.enter_context(locked(self._folder, results_of(clip)))
        self._made = self._files.enter_context(
            making(clip, self._folder, settings, self.work.by_gyro)
        )
        self._files.enter_context(self._made.videos())
        assert self.work.frames is not None
        told = framed_by(
            clip,
            checked(self.work.frames, clip),
            settings.crop,
            self._framing,
            self._made.folder,
        )
        shape = grid.shape_for(clip.size)
        pairs = zip(self._made.pictures(), told, strict=False)
        for picture, shown, drawn_by in with_grids(pairs):
            self._begun.append((shown, picture))
            luma, *both = pictures.planes(picture)
            yield DrawnFrame(
                Planes(luma, np.stack(both, axis=-1)),
                grid.resized(drawn_by.frame.source, shape),
                np.array(shares(drawn_by, settings.with_uncropped), np.float32),
            )

    def _write_frame(self, drawn: Planes) -> None:
        assert self._made is not None
        of_videos = [_picture(*planes) for planes in zip(*drawn, strict=True)]
        self._made.write(*self._begun.popleft(), of_videos)

    def _finish(self, error: BaseException | None) -> None:
        with self._lock:
            self._close(error)

    def _close(self, error: BaseException | None) -> None:
        if error is not None:
            self._files.__exit__(type(error), error, error.__traceback__)
            return
        self._files.close()
        assert self._made is not None
        report = finish(self._made, self._folder, self._settings.measure)
        self.work.report = report.moved(self.work.job.folder)


def _picture(luma: np.ndarray, chroma: np.ndarray) -> av.VideoFrame:
    """Return a picture of drawn planes, luma and both differences."""
    height, width = luma.shape
    chroma = np.moveaxis(chroma, -1, 0)
    drawn = pictures.blank((width, height), 8 if luma.dtype == np.uint8 else 10)
    for plane, values in zip(pictures.planes(drawn), (luma, *chroma), strict=True):
        plane[...] = values
    return drawn
