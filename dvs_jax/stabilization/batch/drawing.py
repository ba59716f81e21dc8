"""The frames of many clips, drawn on the devices between decoders and encoders."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import av
import numpy as np

from dvs_jax import sensors
from dvs_jax.clip import Clip
from dvs_jax.stabilization.batch.options import Options
from dvs_jax.stabilization.batch.work import Work
from dvs_jax.stabilization.devices.draw import Planes, Views, draw
from dvs_jax.stabilization.devices.lanes import Program, drive, without_weights
from dvs_jax.stabilization.devices.tasks import DrawTask
from dvs_jax.stabilization.pipeline import DRAWN_ROWS, View
from dvs_jax.stabilization.stabilize import Making, finish, making
from dvs_jax.video import picture as pictures


def draw_all(works: Sequence[Work], options: Options) -> Iterator[Work]:
    """Draw clips and write their results.

    Args:
        works: their views are known.
        options: what is wanted of all.

    Yields:
        Each work as soon as it has its `report`, or its `error`.
    """
    by_size = defaultdict(list)
    for work in works:
        by_size[work.clip.size].append(work)
    step = without_weights(partial(draw, border=options.border))
    for alike in by_size.values():
        program = Program(step, lambda _: (), (), options.lanes_for(len(alike)))
        drawings = [_Drawing(work, options) for work in alike]
        for drawing, error in drive(program, drawings):
            drawing.work.error = error
            yield drawing.work


class _Drawing(DrawTask):
    """The task of drawing one clip, whose results it opens, and closes at the end."""

    def __init__(self, work: Work, options: Options):
        self.work, self._options = work, options
        self._files = ExitStack()
        self._made: Making | None = None
        super().__init__(
            self._planes(),
            _views(work.clip, work.views, options.uncropped),
            work.clip.sensors.camera,
            self._write_frame,
            self._finish,
        )

    def _planes(self) -> Iterator[Planes]:
        options = self._options
        self._made = self._files.enter_context(
            making(
                *(self.work.clip, self.work.job.folder, options.uncropped),
                *(options.crf, options.preset, options.encoder),
            )
        )
        self._files.enter_context(self._made.videos())
        for picture in self._made.pictures():
            luma, *both = pictures.planes(picture)
            yield Planes(luma, np.stack(both, axis=-1))

    def _write_frame(self, drawn: Planes) -> None:
        assert self._made is not None
        view = self.work.views[len(self._made.views)]
        self._made.write(view, [_picture(*planes) for planes in zip(*drawn, strict=True)])

    def _finish(self, error: BaseException | None) -> None:
        if error is not None:
            self._files.__exit__(type(error), error, error.__traceback__)
            return
        self._files.close()
        assert self._made is not None
        self.work.report = finish(self._made, self.work.job.folder, self._options.measure)


def _views(clip: Clip, views: Sequence[View], uncropped: bool) -> Views:
    pose, ois = sensors.row_poses(clip.sensors, DRAWN_ROWS)
    shares = [[view.kept, 1.0] if uncropped else [view.kept] for view in views]
    virtual = [view.pose for view in views]
    return Views(*(np.asarray(each, np.float32) for each in (pose, ois, virtual, shares)))


def _picture(luma: np.ndarray, chroma: np.ndarray) -> av.VideoFrame:
    """Return a picture of drawn planes, luma and both differences."""
    height, width = luma.shape
    chroma = np.moveaxis(chroma, -1, 0)
    drawn = pictures.blank((width, height))
    for plane, values in zip(pictures.planes(drawn), (luma, *chroma), strict=True):
        plane[...] = values
    return drawn
